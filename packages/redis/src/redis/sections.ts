import { advised } from "./advice.ts";
import type { Script } from "./lua.ts";
import type { ScriptRunner } from "./script-runner.ts";

/** The most that one call carries: Redis does nothing else meanwhile. */
const MAX_CHARACTERS = 256 * 1024;

interface Section {
  readonly keys: readonly string[];
  readonly args: readonly string[];
  readonly resolve: (reply: unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Runs a script that has a section for each stream: what is requested together goes to Redis in one call. */
export class Sections {
  readonly #scripts: ScriptRunner;
  readonly #script: Script;
  readonly #most: number;
  readonly #defer: (send: () => void) => void;
  #waiting: Section[] = [];

  /** `most`: how many sections a call has at most. `defer` says how long requests are collected. */
  constructor(scripts: ScriptRunner, script: Script, most: number, defer: (send: () => void) => void) {
    this.#scripts = scripts;
    this.#script = script;
    this.#most = most;
    this.#defer = defer;
  }

  /** Resolves with the reply of this stream's section. */
  run(keys: readonly string[], args: readonly string[]): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) this.#defer(() => this.#send());
      this.#waiting.push({ keys, args, resolve, reject });
    });
  }

  #send(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let call: Section[] = [];
    let characters = 0;
    for (const section of waiting) {
      const more = section.args.reduce((sum, arg) => sum + arg.length, 0);
      if (call.length === this.#most || (call.length > 0 && characters + more > MAX_CHARACTERS)) {
        void this.#call(call);
        call = [];
        characters = 0;
      }
      call.push(section);
      characters += more;
    }
    void this.#call(call);
  }

  async #call(sections: readonly Section[]): Promise<void> {
    const keys = sections.flatMap((section) => section.keys);
    const sizes = sections.flatMap((section) => [String(section.keys.length), String(section.args.length)]);
    const args = [String(sections.length), ...sizes, ...sections.flatMap((section) => section.args)];
    try {
      const replies = (await this.#scripts.run(this.#script, keys, args)) as unknown[][];
      for (const [index, { resolve, reject }] of sections.entries()) {
        const reply = replies[index] as unknown[];
        if (reply[0] === "error") reject(advised(reply[1]));
        else resolve(reply);
      }
    } catch (error) {
      for (const { reject } of sections) reject(error);
    }
  }
}
