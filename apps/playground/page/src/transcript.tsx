import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { DeepReadonly } from "@statestream/client";
import type { TranscriptState } from "../../src/state.ts";

/** Near enough to the end to be following it. */
const SLACK_PX = 40;

export function Transcript({ transcript }: { transcript: DeepReadonly<TranscriptState> | undefined }): JSX.Element {
  const box = useRef<HTMLPreElement>(null);
  const follows = useRef(true);

  useLayoutEffect(() => {
    if (follows.current) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [transcript]);

  return (
    <section class="panel transcript" aria-labelledby="transcript-title">
      <div class="head">
        <h2 id="transcript-title">Transcript</h2>
        <p class="note">
          {transcript === undefined
            ? "This page does not follow the slice “transcript”: choose it above."
            : `${transcript.title}, length ${transcript.text.length.toLocaleString("en")}`}
        </p>
      </div>
      <pre
        ref={box}
        class="text"
        role="region"
        // Long, so that it scrolls, and so that the keyboard can.
        tabIndex={0}
        aria-label="Text of the transcript"
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          follows.current = scrollHeight - clientHeight - scrollTop < SLACK_PX;
        }}
      >
        {transcript?.text}
      </pre>
    </section>
  );
}
