import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Of a long array its end is shown: that is where things happen. */
const MAX_ITEMS = 40;
const MAX_TEXT = 160;
const FLASH_MS = 900;

export function StateTree({ state }: { state: object }): JSX.Element {
  return (
    <div class="tree" role="region" tabIndex={0} aria-label="The state as a tree">
      <ul>
        {Object.entries(state).map(([name, value]) => (
          <Node key={name} name={name} value={value} startsOpen={isSmall(value)} />
        ))}
      </ul>
    </div>
  );
}

/** A slice of many members starts closed: it would push all others out of sight. */
function isSmall(value: unknown): boolean {
  return typeof value !== "object" || value === null || !Object.values(value).some(isLong);
}

function isLong(value: unknown): boolean {
  return Array.isArray(value) && value.length > MAX_ITEMS;
}

interface NodeProps {
  name: string;
  value: unknown;
  startsOpen?: boolean;
}

function Node({ name, value, startsOpen = false }: NodeProps): JSX.Element {
  const [isOpen, setIsOpen] = useState(startsOpen);
  const flashing = useFlash(value);
  if (typeof value !== "object" || value === null) {
    return (
      <li>
        <span ref={flashing}>
          <span class="name">{name}</span> <span data-kind={typeof value}>{textOf(value)}</span>
        </span>
      </li>
    );
  }
  return (
    <li>
      <details open={isOpen} onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
        <summary ref={flashing}>
          <span class="name">{name}</span> <span class="note">{shapeOf(value)}</span>
        </summary>
        {isOpen && <Children value={value} startsOpen={startsOpen} />}
      </details>
    </li>
  );
}

function Children({ value, startsOpen }: { value: object; startsOpen: boolean }): JSX.Element {
  const all = Object.entries(value);
  const hidden = Array.isArray(value) ? Math.max(0, all.length - MAX_ITEMS) : 0;
  return (
    <ul>
      {hidden > 0 && <li class="note">{`${hidden} before these`}</li>}
      {all.slice(hidden).map(([name, child]) => (
        <Node key={keyOf(name, child)} name={name} value={child} startsOpen={startsOpen} />
      ))}
    </ul>
  );
}

/** The client keeps the identity of whatever a change did not reach: another object means another value. */
function useFlash(value: unknown): { current: HTMLElement | null } {
  const element = useRef<HTMLElement>(null);
  const before = useRef(value);
  useEffect(() => {
    if (before.current === value) return;
    before.current = value;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    element.current?.animate([{ backgroundColor: "var(--flash)" }, { backgroundColor: "transparent" }], FLASH_MS);
  }, [value]);
  return element;
}

/** What has an id keeps its place in the page when it moves, and does not light up for that. */
function keyOf(name: string, child: unknown): string {
  const id = typeof child === "object" && child !== null && "id" in child ? child.id : undefined;
  return typeof id === "string" ? `#${id}` : name;
}

function shapeOf(value: object): string {
  return Array.isArray(value) ? `[${value.length}]` : `{${Object.keys(value).length}}`;
}

function textOf(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
