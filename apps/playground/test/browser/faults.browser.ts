import { expect, test } from "vitest";
import { boardOf, describeInBrowser, isLive, newestConnection, type Visitor } from "./support/browser.ts";
import { spawnPlayground, startPlayground, startProxy } from "./support/server.ts";

const INITIAL_BOARD = [
  ["Open this page in a second window", "Move a task and watch both"],
  ["Read PROTOCOL.md beside the event log"],
  ["Start the playground"],
];

/** The browser itself logs each request that fails; nothing else may log an error. */
function ownComplaints({ complaints }: Visitor): string[] {
  return complaints.filter((text) => !/^Failed to load resource: |net::ERR_/.test(text));
}

describeInBrowser("the page, when things fail", (visit) => {
  test("recovers by itself from a server that is killed, and shows what the new one holds", async () => {
    const server = await spawnPlayground();
    const visitor = await visit();
    const page = await visitor.open(server.url);
    await page.getByRole("textbox", { name: "A new task" }).fill("Gone with the server");
    await page.keyboard.press("Enter");
    await expect.poll(async () => (await boardOf(page))[0]).toContain("Gone with the server");

    await server.kill();
    await expect.poll(() => page.getByRole("status").textContent()).toContain("Reconnecting");
    await spawnPlayground(server.port);
    await isLive(page);
    expect(await newestConnection(page)).toContain("snapshot (epoch)");
    await expect.poll(() => boardOf(page)).toEqual(INITIAL_BOARD);
    expect(ownComplaints(visitor)).toEqual([]);
  });

  test("catches up when it is online again", async () => {
    const { url, stream } = await startPlayground();
    const proxy = await startProxy(url);
    const visitor = await visit();
    const page = await visitor.open(proxy.url);
    await visitor.context.setOffline(true);
    // Chromium refuses new requests then; what is open breaks with the network.
    proxy.fail(0);
    await expect.poll(() => page.getByRole("status").textContent()).toContain("attempt 2");
    stream.patch("board", [{ op: "remove", path: "/todo/0" }]);
    await visitor.context.setOffline(false);
    await isLive(page);
    expect(await newestConnection(page)).toContain("resumed");
    await expect.poll(() => boardOf(page)).toEqual([["Move a task and watch both"], ...INITIAL_BOARD.slice(1)]);
    // Also those whose script was still to come.
    await expect.poll(() => page.locator(".chart canvas").count()).toBe(3);
    expect(ownComplaints(visitor)).toEqual([]);
  });

  test("is right when its tab has been hidden and frozen", async () => {
    const { url, stream } = await startPlayground();
    const visitor = await visit();
    const page = await visitor.open(url);
    const other = await visitor.open(url);
    await other.bringToFront();
    const devtools = await visitor.context.newCDPSession(page);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    for (let step = 0; step < 50; step++) {
      stream.append("transcript", "/text", `${step} `);
    }
    const text = stream.state.transcript.text;
    await expect.poll(() => other.getByLabel("Text of the transcript").textContent()).toContain(text);
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await page.bringToFront();
    await expect.poll(() => page.getByLabel("Text of the transcript").textContent()).toContain(text);
    await isLive(page);
    expect(ownComplaints(visitor)).toEqual([]);
  });

  test("goes on after three 502s", async () => {
    const { url, stream } = await startPlayground();
    const proxy = await startProxy(url);
    const visitor = await visit();
    const page = await visitor.open(proxy.url);
    proxy.fail(3);
    await expect.poll(() => page.getByRole("status").textContent()).toContain("Reconnecting");
    stream.patch("board", [{ op: "remove", path: "/done/0" }]);
    // Full jitter: usually a few seconds, at worst twice that.
    await expect.poll(() => proxy.failures, { timeout: 15_000 }).toBe(0);
    await expect.poll(() => newestConnection(page), { timeout: 15_000 }).toContain("resumed");
    await isLive(page);
    await expect.poll(() => boardOf(page)).toEqual([...INITIAL_BOARD.slice(0, 2), []]);
    expect(ownComplaints(visitor)).toEqual([]);
  });

  test("a native EventSource on the same endpoint keeps working beside it, and resumes too", async () => {
    const { url, stream } = await startPlayground();
    const proxy = await startProxy(url);
    const visitor = await visit();
    const page = await visitor.open(proxy.url);
    const plain = await visitor.context.newPage();
    await plain.goto(`${proxy.url}/plain.html`);
    const newest = async (): Promise<string> => (await plain.locator("pre").textContent())?.split("\n")[0] ?? "";
    await expect.poll(newest).toContain("state.");

    stream.append("transcript", "/text", "both ");
    await expect.poll(() => plain.locator("pre").textContent()).toContain('"both "');
    await expect.poll(() => page.getByLabel("Text of the transcript").textContent()).toContain("both ");

    const { snapshots } = stream.stats();
    proxy.fail(0);
    stream.append("transcript", "/text", "again ");
    await expect.poll(() => plain.locator("pre").textContent()).toContain('again "');
    await expect.poll(() => page.getByLabel("Text of the transcript").textContent()).toContain("both again ");
    // Neither needed a snapshot for that.
    expect(stream.stats().snapshots).toEqual(snapshots);
    expect(ownComplaints(visitor)).toEqual([]);
  });

  test("a native EventSource ends on the server's state while a text grows, by RFC 6902 alone", async () => {
    const { url, stream } = await startPlayground();
    const { context } = await visit();
    const page = await context.newPage();
    await page.goto(`${url}/plain.html`);
    await page.evaluate(followStrictly);
    const { connections } = stream.stats();
    await expect.poll(() => page.evaluate(() => document.title)).toContain('"text":""');
    expect(connections).toBeGreaterThan(0);
    for (let step = 0; step < 300; step++) {
      stream.append("transcript", "/text", ["Hel", "lo ", "\ud83d", "\ude00", "e\u0301"][step % 5] as string);
      if (step % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const { text } = stream.state.transcript;
    expect(text).toHaveLength(600);
    await expect.poll(() => page.evaluate(() => document.title)).toContain(JSON.stringify({ text }).slice(1, -1));
    expect(await page.evaluate(() => document.title)).not.toContain("refused");
  });
});

/** Runs in the page: the title is the slice's JSON, or says what a client of RFC 6902 refused. */
function followStrictly(): void {
  let transcript: Record<string, unknown> = {};
  const show = (text: string): void => {
    document.title = document.title.startsWith("refused") ? document.title : text;
  };
  const events = new EventSource("/events?slices=transcript");
  events.addEventListener("state.initial", ({ data }: MessageEvent<string>) => {
    transcript = (JSON.parse(data) as { slices: { transcript: Record<string, unknown> } }).slices.transcript;
    show(JSON.stringify(transcript));
  });
  events.addEventListener("state.update", ({ data }: MessageEvent<string>) => {
    const update = JSON.parse(data) as { patches?: { op: string; path: string; value: unknown }[]; value?: unknown };
    if (update.value !== undefined) transcript = update.value as Record<string, unknown>;
    for (const { op, path, value } of update.patches ?? []) {
      if (op !== "replace" || path !== "/text") return show(`refused ${data}`);
      transcript = { ...transcript, text: value };
    }
    show(JSON.stringify(transcript));
  });
}
