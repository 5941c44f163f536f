import { afterEach, describe, expect, it, vi } from "vitest";
import { endpointOf } from "../src/endpoint.ts";

const ask = (request: ReturnType<typeof endpointOf>, eventId?: string) =>
  request(eventId, new AbortController().signal);

afterEach(() => vi.unstubAllGlobals());

describe("slices", () => {
  it.each<[string, string[] | undefined, string]>([
    ["all, when none are named", undefined, ""],
    ["those named, one each", ["a", "b&c"], "?slices=a&slices=b%26c"],
    ["none, for an empty list", [], "?slices="],
  ])("asks for %s", async (_, slices, query) => {
    const endpoint = endpointOf("http://localhost/events", slices === undefined ? {} : { slices });
    expect((await ask(endpoint)).url).toBe(`http://localhost/events${query}`);
  });
});

describe("the position", () => {
  it("goes into the header where there is no other origin", async () => {
    const { url, headers } = await ask(endpointOf("http://localhost/events", {}), "epoch.1");
    expect([url, headers.get("last-event-id")]).toEqual(["http://localhost/events", "epoch.1"]);
  });

  it("goes into the query at another origin, where a header would need a preflight", async () => {
    vi.stubGlobal("location", { href: "http://page.test/", origin: "http://page.test" });
    const { url, headers } = await ask(endpointOf("http://localhost/events", {}), "epoch.1");
    expect([url, headers.get("last-event-id")]).toEqual(["http://localhost/events?lastEventId=epoch.1", null]);
  });
});

describe("the URL", () => {
  it("is relative to the page", async () => {
    vi.stubGlobal("location", { href: "http://page.test/here", origin: "http://page.test" });
    expect((await ask(endpointOf("/events", {}))).url).toBe("http://page.test/events");
  });
});
