import { cleanup } from "@testing-library/react";
import { Component, type ReactNode } from "react";
import { afterEach, beforeEach, expect, vi, type MockInstance } from "vitest";

/** What React complained about. */
export let complaints: MockInstance<typeof console.error>;

/** Unmounts after each test, and fails those in which React complained, unless they looked at `complaints` and cleared it. */
export function setUpReact(): void {
  beforeEach(() => {
    complaints = vi.spyOn(console, "error").mockImplementation(() => {});
  });
  afterEach(() => {
    cleanup();
    const { calls } = complaints.mock;
    complaints.mockRestore();
    expect(calls).toEqual([]);
  });
}

export class Boundary extends Component<{ children?: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    return this.state.error === undefined ? this.props.children : `caught: ${this.state.error.message}`;
  }
}
