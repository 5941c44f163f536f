/** The page as files that server.js serves. CopilotKit's parts say "use client", which bundlers warn of. */
export default {
  build: {
    chunkSizeWarningLimit: 5000,
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
};
