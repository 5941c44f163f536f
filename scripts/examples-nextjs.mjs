// What the Next.js example shows beyond a stream of the Node runtime: one of the edge runtime, and a page that is rendered on the
// server and resumes in a browser.
import { inChromium } from "./examples-browser.mjs";

/** Throws when the server at `url`, whose count is 1, does not do what its README says. */
export async function checkNextjs(url) {
  await checkEdge(url);
  await checkHtml(url);
  await inChromium("nextjs", (open) => checkPage(url, open));
}

async function checkEdge(url) {
  const abort = new AbortController();
  const { body } = await fetch(`${url}/edge/events`, { signal: abort.signal });
  let text = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const beginning = !text.includes("event: state.initial");
    text += chunk;
    if (beginning && text.includes("event: state.initial")) await fetch(`${url}/edge/events`, { method: "POST" });
    if (/event: state\.update\ndata: .*"value":1\b/.test(text)) break;
  }
  abort.abort();
  if (!text.includes('"slices":{"visits":0}')) throw new Error(`The edge runtime began with ${text}`);
  if (!text.includes("event: state.update")) throw new Error(`The edge runtime sent no update: ${text}`);
}

async function checkHtml(url) {
  const html = await (await fetch(url)).text();
  if (!html.includes("<output>1</output>")) throw new Error(`The count is not rendered: ${html}`);
  if (!html.includes("eventId")) throw new Error(`The page has no snapshot to resume from: ${html}`);
  if (html.includes("audit")) throw new Error(`The page has a slice that was not selected: ${html}`);
}

async function checkPage(url, open) {
  const page = await open();
  const received = await receivedBy(page, `${url}/events`);
  await page.goto(url);
  await page.getByText("live", { exact: true }).waitFor();
  await page.getByRole("button").click();
  await page.locator("output").getByText("2", { exact: true }).waitFor();
  const text = received();
  if (!text.includes("event: state.update")) throw new Error(`The page received no update: ${text}`);
  if (text.includes("event: state.initial")) throw new Error(`The page received a second snapshot: ${text}`);
}

/** Gives what the page has received from an address, also of a response that has not ended, as an event stream's. */
async function receivedBy(page, address) {
  const session = await page.context().newCDPSession(page);
  const streams = new Map();
  const add = (id, data) => streams.set(id, streams.get(id) + Buffer.from(data, "base64").toString());
  session.on("Network.dataReceived", ({ requestId, data }) => {
    if (data !== undefined && streams.has(requestId)) add(requestId, data);
  });
  session.on("Network.responseReceived", async ({ requestId, response }) => {
    if (response.url.split("?")[0] !== address) return;
    streams.set(requestId, "");
    const { bufferedData } = await session.send("Network.streamResourceContent", { requestId });
    streams.set(requestId, Buffer.from(bufferedData, "base64").toString() + streams.get(requestId));
  });
  await session.send("Network.enable");
  return () => [...streams.values()].join("");
}
