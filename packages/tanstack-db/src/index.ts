import type { StateClient } from "@statestream/client";
import type {
  CollectionConfig,
  DeleteMutationFnParams,
  InsertMutationFnParams,
  UpdateMutationFnParams,
} from "@tanstack/db";

/** The rows of a slice: the items of an array, or the values of an object. */
export type RowOf<Slice> = Extract<
  NonNullable<Slice> extends readonly (infer Row)[] ? Row : NonNullable<Slice>[keyof NonNullable<Slice>],
  object
>;

/** What a write resolves with: the event ID of the change, or nothing where it changed nothing. */
export type Written = { readonly eventId: string } | void;

export interface StateCollectionOptions<S, Slice extends keyof NonNullable<S>, Key extends string | number> {
  /** The collection follows it, and does not close it. */
  readonly client: StateClient<S>;
  /** The slice that has the rows, as an array or as an object. A slice that is missing has no rows. */
  readonly slice: Slice;
  /** Two rows must not have the same key. */
  readonly getKey: (row: RowOf<NonNullable<S>[Slice]>) => Key;
  /** As in TanStack DB. */
  readonly id?: string;
  /**
   * Sends rows that were inserted to the server, and resolves with the event ID of the change. They stay as they are until the
   * copy contains that position, and are then replaced by the server's own version in one step. When it rejects, or the server
   * has lost the write (`position-lost`), they are rolled back, and `isPersisted` of the transaction rejects with the reason.
   */
  readonly onInsert?: (params: InsertMutationFnParams<RowOf<NonNullable<S>[Slice]>, Key>) => Promise<Written>;
  /** Like `onInsert`, for rows that were updated. */
  readonly onUpdate?: (params: UpdateMutationFnParams<RowOf<NonNullable<S>[Slice]>, Key>) => Promise<Written>;
  /** Like `onInsert`, for rows that were deleted. */
  readonly onDelete?: (params: DeleteMutationFnParams<RowOf<NonNullable<S>[Slice]>, Key>) => Promise<Written>;
}

/**
 * Options for a TanStack DB collection whose rows are those of a slice. Each commit of the server becomes one transaction that
 * writes the rows which changed; rows that did not change are recognised by their identity, and are not compared. The
 * collection has an error where the client is closed before it has a state.
 *
 * @example
 * const tasks = createCollection(stateCollectionOptions({ client, slice: "tasks", getKey: (task) => task.id }));
 */
export function stateCollectionOptions<
  S,
  Slice extends keyof NonNullable<S>,
  Key extends string | number = string | number,
>(options: StateCollectionOptions<S, Slice, Key>): CollectionConfig<RowOf<NonNullable<S>[Slice]>, Key> {
  type Row = RowOf<NonNullable<S>[Slice]>;
  const { client, slice, getKey, id, onInsert, onUpdate, onDelete } = options;
  /** TanStack DB keeps a change until its handler has ended. */
  const reached =
    <Params>(send: (params: Params) => Promise<Written>) =>
    async (params: Params): Promise<void> => {
      const written = await send(params);
      if (written) await client.reached(written.eventId);
    };
  return {
    getKey,
    ...(id !== undefined && { id }),
    ...(onInsert && { onInsert: reached(onInsert) }),
    ...(onUpdate && { onUpdate: reached(onUpdate) }),
    ...(onDelete && { onDelete: reached(onDelete) }),
    sync: {
      rowUpdateMode: "full",
      sync({ begin, write, commit, markReady, markError }) {
        let rows = new Map<Key, Row>();
        let shown: unknown;
        const follow = (): void => {
          const state = client.getState();
          if (state === undefined || state === null) {
            const { status, error } = client.getStatus();
            if (status === "closed") markError(error ?? new Error("The client was closed before it had a state."));
            return;
          }
          const value = (state as NonNullable<S>)[slice];
          if (value !== shown) {
            const next = new Map(Object.values<Row>(value ?? {}).map((row) => [getKey(row), row]));
            begin();
            for (const key of rows.keys()) if (!next.has(key)) write({ type: "delete", key });
            for (const [key, row] of next) {
              const before = rows.get(key);
              if (before !== row) write({ type: before === undefined ? "insert" : "update", value: row });
            }
            void commit();
            rows = next;
            shown = value;
          }
          markReady();
        };
        const stop = client.subscribe(follow);
        follow();
        return stop;
      },
    },
  };
}
