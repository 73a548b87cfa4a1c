/** Clears the screen, links, rings, turns text round, breaks lines; C0, C1 and the marks of Unicode. */
export const HOSTILE = [
  '\u001b[2J\u001b[1;1H',
  '\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007',
  '\u001b]0;title\u0007',
  '\u009b31m',
  '\u0008\u0008\r\n\t\u007f',
  '\u202egnp.exe\u2066\u2069\u200f\u061c',
  '\u2028\u2029',
].join('x');

/** Everything that a terminal obeys, but for the line feed that ends our own lines. */
export const OBEYED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
