/** The versions of Node that `npm run test:node` and `.github/workflows/checks.yml` test on, the oldest first. */
export const NODE_VERSIONS = ['20.19', '22', '24', '26']
