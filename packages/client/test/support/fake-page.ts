import { vi } from "vitest";

/** A target that counts its listeners. */
class CountingTarget extends EventTarget {
  count = 0;

  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    this.count++;
    const { signal } = args[2] as AddEventListenerOptions;
    signal?.addEventListener("abort", () => this.count--);
    super.addEventListener(...args);
  }
}

class FakeDocument extends CountingTarget {
  visibilityState = "visible";
}

/** What a page is to the client, until `remove`: a document, the window's events, and where it is. */
export class FakePage {
  readonly #document = new FakeDocument();
  readonly #window = new CountingTarget();

  constructor(href = "http://page.test/app/index.html") {
    vi.stubGlobal("document", this.#document);
    vi.stubGlobal("addEventListener", this.#window.addEventListener.bind(this.#window));
    vi.stubGlobal("location", new URL(href));
  }

  get listeners(): number {
    return this.#document.count + this.#window.count;
  }

  happen(type: string): void {
    this.#window.dispatchEvent(new Event(type));
  }

  show(visible: boolean): void {
    this.#document.visibilityState = visible ? "visible" : "hidden";
    this.#document.dispatchEvent(new Event("visibilitychange"));
  }

  remove(): void {
    vi.unstubAllGlobals();
  }
}
