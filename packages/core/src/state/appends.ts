let on = false;

/** Whether grown text is logged as `append`: not before delivery sends it only to connections that understand it. */
export function logsAppends(): boolean {
  return on;
}

/** For tests. */
export function logAppends(value: boolean): void {
  on = value;
}
