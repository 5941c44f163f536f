import { afterEach, describe, expect, it, vi } from "vitest";
import { type Endpoint, endpointOf } from "../src/endpoint.ts";

const ask = (endpoint: Endpoint | undefined, eventId?: string) =>
  (endpoint as Endpoint).request(eventId, false, new AbortController().signal);

afterEach(() => vi.unstubAllGlobals());

describe("slices", () => {
  it.each<[string, string[] | undefined, string]>([
    ["all, when none are named", undefined, "?"],
    ["those named, one each", ["a", "b&c"], "?slices=a&slices=b%26c&"],
    ["none, for an empty list", [], "?slices=&"],
  ])("asks for %s", async (_, slices, query) => {
    const endpoint = endpointOf("http://localhost/events", slices === undefined ? {} : { slices });
    expect((await ask(endpoint)).url).toBe(`http://localhost/events${query}ops=append`);
  });
});

describe("a rate", () => {
  it("is in the query, in place of the URL's own", async () => {
    const endpoint = endpointOf("http://localhost/events?maxRateHz=50", { maxRateHz: 2 });
    expect((await ask(endpoint)).url).toBe("http://localhost/events?maxRateHz=2&ops=append");
  });

  it.each([0, 0.4, -1, NaN, 1001, Infinity])("of %s throws, as on the server", (maxRateHz) => {
    expect(() => endpointOf("/events", { maxRateHz })).toThrow(new RangeError("maxRateHz must be from 0.5 to 1,000"));
  });
});

describe("operations beyond RFC 6902", () => {
  it("are requested, beside the URL's own query and its own ops", async () => {
    const endpoint = endpointOf("http://localhost/events?room=1&ops=other", { slices: ["a"] });
    expect((await ask(endpoint)).url).toBe("http://localhost/events?room=1&ops=other&slices=a&ops=append");
  });
});

describe("the position", () => {
  it("goes into the header where there is no other origin", async () => {
    const { url, headers } = await ask(endpointOf("http://localhost/events", {}), "epoch.1");
    expect([url, headers.get("last-event-id")]).toEqual(["http://localhost/events?ops=append", "epoch.1"]);
  });

  it("goes into the query at another origin, where a header would need a preflight", async () => {
    vi.stubGlobal("location", { href: "http://page.test/", origin: "http://page.test" });
    const { url, headers } = await ask(endpointOf("http://localhost/events", {}), "epoch.1");
    expect([url, headers.get("last-event-id")]).toEqual([
      "http://localhost/events?ops=append&lastEventId=epoch.1",
      null,
    ]);
  });
});

describe("after a redirect", () => {
  const positions = async (response: Response | Error) => {
    vi.stubGlobal("location", { href: "http://page.test/", origin: "http://page.test" });
    const fetch = () => (response instanceof Error ? Promise.reject(response) : Promise.resolve(response));
    const endpoint = endpointOf("/events", { fetch });
    const first = await ask(endpoint, "epoch.1");
    await first.fetch(first.url, {}).catch(() => {});
    const { url, headers } = await ask(endpoint, "epoch.2");
    return [first.headers.get("last-event-id"), url, headers.get("last-event-id")];
  };
  const from = (url: string): Response =>
    Object.defineProperties(new Response(), { redirected: { value: true }, url: { value: url } });

  it("to another origin the position goes into the query", async () => {
    expect(await positions(from("http://other.test/events"))).toEqual([
      "epoch.1",
      "http://page.test/events?ops=append&lastEventId=epoch.2",
      null,
    ]);
  });

  it("within the origin it stays in the header", async () => {
    expect(await positions(from("http://page.test/stream"))).toEqual([
      "epoch.1",
      "http://page.test/events?ops=append",
      "epoch.2",
    ]);
  });

  it("that a browser refuses because of the header, it goes into the query too", async () => {
    expect(await positions(new TypeError("Failed to fetch"))).toEqual([
      "epoch.1",
      "http://page.test/events?ops=append&lastEventId=epoch.2",
      null,
    ]);
  });
});

describe("the URL", () => {
  it("is relative to the document's base, as it is when the request is made", async () => {
    const page = { baseURI: "http://page.test/app/" };
    vi.stubGlobal("document", page);
    vi.stubGlobal("location", { href: "about:srcdoc", origin: "null" });
    vi.stubGlobal("origin", "http://page.test");
    const endpoint = endpointOf("events", {});
    expect((await ask(endpoint)).url).toBe("http://page.test/app/events?ops=append");
    page.baseURI = "http://page.test/other/";
    const { url, headers } = await ask(endpoint, "epoch.1");
    expect([url, headers.get("last-event-id")]).toEqual(["http://page.test/other/events?ops=append", "epoch.1"]);
  });

  it("that is relative has no endpoint where there is no base, and connects nowhere", () => {
    expect(endpointOf("/events", {})).toBeUndefined();
    expect(endpointOf("events?a=b:c", {})).toBeUndefined();
  });

  it("that is malformed throws, with a base or without", () => {
    expect(() => endpointOf("http://[", {})).toThrow(TypeError);
    vi.stubGlobal("location", { href: "http://page.test/", origin: "http://page.test" });
    expect(() => endpointOf("//[", {})).toThrow(TypeError);
  });
  it("is relative to the page", async () => {
    vi.stubGlobal("location", { href: "http://page.test/here", origin: "http://page.test" });
    expect((await ask(endpointOf("/events", {}))).url).toBe("http://page.test/events?ops=append");
  });
});
