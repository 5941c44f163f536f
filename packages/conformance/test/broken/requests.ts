import { answerRequest, type StreamStateOptions, type StreamRequest } from "@statestream/core";
import { mountWith } from "./adapter.ts";
import type { Broken } from "./broken.ts";

function queryOf({ url }: StreamRequest): URLSearchParams {
  return new URLSearchParams(url.split("?")[1]);
}

function without(options: StreamStateOptions, name: keyof StreamStateOptions): StreamStateOptions {
  return { ...options, [name]: undefined };
}

function withQuery(request: StreamRequest, change: (query: URLSearchParams) => void): StreamRequest {
  const query = queryOf(request);
  change(query);
  return { ...request, url: `/events?${query.toString()}` };
}

const reading = (read: (request: StreamRequest) => StreamRequest, narrow = (options: StreamStateOptions) => options) =>
  mountWith({ answer: (stream, request, options) => answerRequest(stream, read(request), narrow(options)) });

/** Adapters that get the request wrong. */
export const brokenRequests: readonly Broken[] = [
  {
    name: "does not read the slices of the query",
    mount: reading((request) => withQuery(request, (query) => query.delete("slices"))),
    caughtBy: ["narrow-query", "narrow-empty-query", "narrow-unknown", "commit-more-narrowed", "selection-in-id"],
  },
  {
    name: "does not pass on the slices of its options",
    mount: reading(
      (request) => request,
      (options) => without(options, "slices"),
    ),
    caughtBy: ["narrow-options", "narrow-never-widens", "narrow-empty-options", "resume-narrowed-options"],
  },
  {
    name: "lets the query win over the options",
    mount: mountWith({
      answer(stream, request, { slices, ...options }) {
        return answerRequest(stream, request, queryOf(request).has("slices") ? options : { ...options, slices });
      },
    }),
    caughtBy: ["narrow-never-widens", "narrow-empty-options"],
  },
  {
    name: "takes no slices for all slices",
    mount: mountWith({
      answer(stream, request, { slices, ...options }) {
        const asked = withQuery(request, (query) => {
          if (query.getAll("slices").every((name) => name === "")) query.delete("slices");
        });
        return answerRequest(stream, asked, slices?.length === 0 ? options : { ...options, slices });
      },
    }),
    caughtBy: ["narrow-empty-options", "narrow-empty-query"],
  },
  {
    name: "splits the names of the query at commas",
    mount: reading((request) =>
      withQuery(request, (query) => {
        const names = query.getAll("slices").flatMap((name) => name.split(","));
        query.delete("slices");
        for (const name of names) query.append("slices", name);
      }),
    ),
    caughtBy: ["selection-in-id"],
  },
  {
    name: "reads only the first name of the query",
    mount: reading((request) =>
      withQuery(request, (query) => {
        const [first] = query.getAll("slices");
        if (first !== undefined) query.set("slices", first);
      }),
    ),
    caughtBy: ["narrow-query", "selection-in-id"],
  },
  {
    name: "trims the names of the query",
    mount: reading((request) =>
      withQuery(request, (query) => {
        const names = query.getAll("slices").map((name) => name.trim());
        query.delete("slices");
        for (const name of names) query.append("slices", name);
      }),
    ),
    caughtBy: ["text-slice-names"],
  },
  {
    name: "does not read Last-Event-ID",
    mount: reading((request) => ({ ...request, lastEventId: undefined })),
    caughtBy: [
      "resume-missed",
      "resume-at-head",
      "resume-at-start",
      "resume-everywhere",
      "resume-quiet",
      "resume-narrowed",
      "resume-narrowed-options",
      "heartbeat-bookmark",
      "reason-epoch",
      "reason-order",
    ],
  },
  {
    name: "does not read lastEventId from the query",
    mount: reading((request) => withQuery(request, (query) => query.delete("lastEventId"))),
    caughtBy: ["resume-query", "reason-invalid-id", "reason-non-latin"],
  },
  {
    name: "lets the query win over Last-Event-ID",
    mount: reading((request) => ({
      ...request,
      lastEventId: queryOf(request).get("lastEventId") ?? request.lastEventId,
    })),
    caughtBy: ["resume-header-wins"],
  },
  {
    name: "takes an empty id for a malformed one",
    mount: mountWith({
      answer(stream, request, options) {
        const id = request.lastEventId ?? queryOf(request).get("lastEventId");
        return answerRequest(stream, { ...request, lastEventId: id === "" ? "none" : (id ?? undefined) }, options);
      },
    }),
    caughtBy: ["resume-empty-id"],
  },
  {
    name: "does not pass on when a client's permission expires",
    mount: reading(
      (request) => request,
      (options) => without(options, "expiresAt"),
    ),
    caughtBy: ["end-expired"],
  },
];
