/** What the files of a run say that they are. */
export const RUN_FORMAT = 'gradpool-run'
export const RUN_FORMAT_VERSION = 3
