import type { JSX } from "preact";

/** What a newcomer sees, and what to try. */
export function Intro(): JSX.Element {
  return (
    <section class="intro" aria-label="What this page shows">
      <p>
        A server keeps one state: a board, figures of the machine, a text that is being typed. Every open page has a
        live copy of it. Below you see the copy; the inspector shows what went over the wire: one snapshot, then only
        what changed. <a href="https://github.com/statestream/statestream#readme">What is Statestream?</a> ·{" "}
        <a href="/plain.html">The same with a native EventSource</a>
      </p>
      <ul>
        <li>
          <b>Disconnect</b>, change something in a second window, <b>reconnect</b>: only what was missed is sent.
        </li>
        <li>
          <b>Pause reading</b>, then <b>Flood</b>: the server makes 100 MB of changes, more than it keeps for a page
          that does not read. <b>Read on</b>: the page gets the newest state in their place.
        </li>
      </ul>
    </section>
  );
}
