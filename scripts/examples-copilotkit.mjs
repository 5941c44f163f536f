// What the CopilotKit example shows: state and an answer that grows, with the agent of AG-UI and with one that follows.
import { inChromium } from "./examples-browser.mjs";

/** Throws when the server at `url` does not do what its README says. */
export async function checkCopilotKit(url) {
  await inChromium("copilotkit", (open) => checkChat(url, open), ["`selfManagedAgents` is part of"]);
}

async function checkChat(url, open) {
  const asker = await open();
  await asker.goto(`${url}/?http`);
  await ask(asker, "Who?");
  await showsGrowth(asker, "Who?");

  const [one, other] = [await open(), await open()];
  for (const page of [one, other]) {
    await page.goto(url);
    await answerTo(page, "Who?").filter({ hasText: "whole answer." }).waitFor();
  }
  await ask(one, "Why?");
  await Promise.all([showsGrowth(one, "Why?"), showsGrowth(other, "Why?")]);
  // A chat that follows can ask again, and a page that is loaded in the middle of an answer continues with it.
  await ask(other, "When?");
  await answerTo(one, "When?").filter({ hasText: "This" }).waitFor();
  await one.reload();
  await showsGrowth(one, "When?");
}

async function ask(page, question) {
  await page.getByRole("textbox").fill(question);
  await page.getByRole("textbox").press("Enter");
}

function answerTo(page, question) {
  return page.locator("p", { hasText: `You asked: ${question}` });
}

/** Throws unless the answer is seen in at least three lengths, and the state with it. */
async function showsGrowth(page, question) {
  const answer = answerTo(page, question);
  await answer.waitFor();
  const state = new Set();
  const lengths = new Set();
  for (let text = ""; !text.includes("whole answer.");) {
    text = await answer.innerText();
    lengths.add(text.length);
    state.add(await page.locator("output").innerText());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (lengths.size < 3) throw new Error(`The answer to ${question} came in ${lengths.size} pieces.`);
  if (!state.has("Answering")) throw new Error(`The state was ${[...state].join(", ")}.`);
  await page.locator("output").getByText("Ready", { exact: true }).waitFor();
}
