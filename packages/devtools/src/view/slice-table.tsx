import type { JSX } from "preact";
import type { SliceFigures } from "../model/slices.ts";
import { bytes, clock } from "./format.ts";

/** Which slices there are, and what changes in them. */
export function SliceTable({ slices }: { slices: readonly SliceFigures[] }): JSX.Element {
  return (
    <section class="panel slices" aria-labelledby="slices-title">
      <div class="head">
        <h3 id="slices-title">Slices</h3>
        <p class="note">what changed in each</p>
      </div>
      {slices.length === 0 ? (
        <p class="empty">There is no state yet.</p>
      ) : (
        <div class="content" role="region" tabIndex={0} aria-label="Slices and their changes">
          <table>
            <thead>
              <tr>
                <th>slice</th>
                <th class="number">changes</th>
                <th class="number">bytes</th>
                <th>last change</th>
              </tr>
            </thead>
            <tbody>
              {slices.map(({ name, isPresent, changes, bytes: size, changedAt, touched }) => (
                <tr key={name} data-gone={!isPresent}>
                  <td class="name">{name}</td>
                  <td class="number">{changes.toLocaleString("en")}</td>
                  <td class="number">{bytes(size)}</td>
                  <td>{changedAt === undefined ? "none yet" : `${clock(changedAt)} ${touched}`}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
