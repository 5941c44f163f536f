export { flushSync, hydrate, mount, unmount } from "svelte";
export { default as Page } from "./Page.svelte";
