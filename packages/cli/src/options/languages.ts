/** Languages that a run is told in. */
export const languages = ['en', 'ko'] as const
export type Language = (typeof languages)[number]
