import adapter from "@sveltejs/adapter-node";

export default {
  // A POST without an origin, as from curl, would be refused.
  kit: { adapter: adapter(), csrf: { trustedOrigins: ["*"] } },
};
