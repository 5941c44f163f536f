import { expect, test } from "vitest";
import { COLUMNS } from "../../src/board.ts";
import { boardOf, describeInBrowser, isLive, newestConnection } from "./support/browser.ts";
import { startPlayground } from "./support/server.ts";

describeInBrowser("the page", (visit) => {
  test("two pages converge, by keyboard too, and neither complains", async () => {
    const { url, stream } = await startPlayground();
    // Two windows: the browser draws a tab behind another once a second.
    const visitors = [await visit(), await visit()] as const;
    const one = await visitors[0].open(url);
    const other = await visitors[1].open(url);

    await one.getByRole("textbox", { name: "A new task" }).fill("Äpfel <b>");
    await one.keyboard.press("Enter");
    const task = other.locator(".task", { hasText: "Äpfel <b>" });
    await task.focus();
    await other.keyboard.press("ArrowRight");
    await expect.poll(async () => (await boardOf(one))[1]).toContain("Äpfel <b>");
    // It is another element by now, and still has the focus.
    await expect.poll(async () => (await boardOf(other))[1]).toContain("Äpfel <b>");
    await other.keyboard.press("ArrowUp");
    await one.getByRole("button", { name: "Delete “Start the playground”" }).click();

    const expected = [
      ["Open this page in a second window", "Move a task and watch both"],
      ["Äpfel <b>", "Read PROTOCOL.md beside the event log"],
      [],
    ];
    for (const page of [one, other]) await expect.poll(() => boardOf(page)).toEqual(expected);
    expect(COLUMNS.map((column) => stream.state.board[column].map(({ title }) => title))).toEqual(expected);
    await expect.poll(() => one.locator(".chart canvas").count()).toBe(3);
    expect(visitors.flatMap(({ complaints }) => complaints)).toEqual([]);
  });

  test("drags a task to another column", async () => {
    const { url } = await startPlayground();
    const { open } = await visit();
    const page = await open(url);
    const task = page.locator(".task", { hasText: "Start the playground" });
    await task.dragTo(page.getByRole("region", { name: "To do" }), { targetPosition: { x: 40, y: 200 } });
    await expect.poll(async () => (await boardOf(page))[0]).toContain("Start the playground");
  });

  test("resumes after a disconnect with what was missed, and on another framework", async () => {
    const { url, stream } = await startPlayground();
    const { open, complaints } = await visit();
    // Without the machine, whose samples would count.
    const page = await open(url);
    await page.getByRole("checkbox", { name: "system" }).uncheck();
    await expect.poll(() => newestConnection(page)).toContain("snapshot (selection)");
    await isLive(page);
    await page.getByRole("button", { name: "Disconnect" }).click();
    await expect.poll(() => page.getByRole("status").textContent()).toBe("Disconnected");
    for (const token of ["a", "b", "c"]) stream.append("transcript", "/text", token);
    await page.getByRole("button", { name: "Reconnect" }).click();
    await expect.poll(() => newestConnection(page)).toMatch(/hono resumed with 3 events/);

    await page.getByRole("radio", { name: "koa" }).check();
    await expect.poll(() => newestConnection(page)).toMatch(/koa resumed with 0 events/);
    stream.append("transcript", "/text", "d");
    const text = page.getByLabel("Text of the transcript");
    await expect.poll(() => text.textContent()).toBe(stream.state.transcript.text);
    expect(complaints).toEqual([]);
  });

  test("shows slices as they are chosen", async () => {
    const { url } = await startPlayground();
    const { open } = await visit();
    const page = await open(url);
    const tree = page.locator(".tree > ul > li > details > summary .name");
    await page.getByRole("checkbox", { name: "system" }).uncheck();
    await page.getByRole("checkbox", { name: "transcript" }).uncheck();
    await expect.poll(() => tree.allTextContents()).toEqual(["board"]);
    await page.getByRole("checkbox", { name: "transcript" }).check();
    await expect.poll(() => tree.allTextContents()).toEqual(["board", "transcript"]);
  });

  test("is given the newest state in place of a flood it did not read", async () => {
    const { url, stream } = await startPlayground();
    const { open, complaints } = await visit();
    const page = await open(url);
    await page.getByRole("button", { name: "Pause reading" }).click();
    await page.getByRole("button", { name: "Flood" }).click();
    await expect.poll(() => stream.state.flood?.step).toBeGreaterThan(350);
    await page.getByRole("button", { name: "Read on" }).click();
    await expect.poll(() => newestConnection(page)).toMatch(/in place of \d+ events/);
    await expect.poll(() => page.getByRole("button", { name: "Flood", exact: true }).count()).toBe(1);
    await isLive(page);
    expect(complaints).toEqual([]);
  });

  test("lists each event, and shows the chosen one", async () => {
    const { url, stream } = await startPlayground();
    const { open } = await visit();
    const page = await open(url);
    stream.patch("board", [{ op: "add", path: "/done/0", value: { id: "task-9", title: "From elsewhere" } }], {
      type: "task.added",
      id: "task-9",
    });
    await page.getByRole("combobox").selectOption("board");
    const rows = page.getByRole("option", { name: /state/ }).locator("visible=true");
    await expect.poll(() => rows.first().textContent()).toContain("task.added task-9");
    expect(await rows.first().textContent()).toContain(stream.eventId.split(".")[0]);
    await page.getByRole("listbox").focus();
    await page.keyboard.press("ArrowDown");
    const detail = page.getByRole("region", { name: "Selected event" });
    await expect.poll(() => detail.textContent()).toContain('add /done/0 {"id":"task-9","title":"From elsewhere"}');
    await detail.getByRole("button", { name: "Show the newest" }).click();
    await expect.poll(() => detail.count()).toBe(0);
  });

  test("fits a phone", async () => {
    const { url } = await startPlayground();
    const { open } = await visit();
    const page = await open(url);
    await page.setViewportSize({ width: 390, height: 844 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
});
