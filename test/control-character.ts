/** Line ends aside, what a terminal would take as a command. */
// eslint-disable-next-line no-control-regex -- control characters are what it looks for
export const controlCharacter = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/
