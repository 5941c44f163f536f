import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { followPage } from "../src/page.ts";
import { FakePage } from "./support/fake-page.ts";

let page: FakePage;
const onWake = vi.fn<() => void>();
const onHide = vi.fn<() => void>();

function follow(): () => void {
  const controller = new AbortController();
  followPage(controller.signal, onWake, onHide);
  return () => controller.abort();
}

beforeEach(() => {
  page = new FakePage();
});
afterEach(() => {
  page.remove();
  vi.resetAllMocks();
});

test.each(["pageshow", "online"])("%s wakes", (type) => {
  follow();
  page.happen(type);
  expect(onWake).toHaveBeenCalledTimes(1);
  expect(onHide).not.toHaveBeenCalled();
});

test("becoming visible wakes, becoming hidden does nothing", () => {
  follow();
  page.show(false);
  expect(onWake).not.toHaveBeenCalled();
  page.show(true);
  expect(onWake).toHaveBeenCalledTimes(1);
  expect(onHide).not.toHaveBeenCalled();
});

test("pagehide hides", () => {
  follow();
  page.happen("pagehide");
  expect(onHide).toHaveBeenCalledTimes(1);
  expect(onWake).not.toHaveBeenCalled();
});

test("once stopped it hears nothing, and leaves no listener behind", () => {
  const stop = follow();
  stop();
  page.happen("pageshow");
  page.happen("online");
  page.happen("pagehide");
  page.show(true);
  expect(onWake).not.toHaveBeenCalled();
  expect(onHide).not.toHaveBeenCalled();
  expect(page.listeners).toBe(0);
});

test("without a page there is nothing to follow, nor to stop", () => {
  page.remove();
  const stop = follow();
  expect(stop).not.toThrow();
  expect(page.listeners).toBe(0);
});
