/** Counted in characters; the server decides, these only save a round trip. */
export const PASSWORD_MIN = 8
export const PASSWORD_MAX = 128
