export { render } from "svelte/server";
export { default as Page } from "./Page.svelte";
