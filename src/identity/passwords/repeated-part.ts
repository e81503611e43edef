/**
 * What a text is but repeats of, its last one cut off or not: 'abc' of 'abcabcab', 'a' of 'aaaa'. The text itself where it does not repeat itself.
 */
export function repeatedPart(text: string): string {
  const characters = [...text];
  for (let length = 1; length * 2 <= characters.length; length++) {
    if (characters.every((character, at) => at < length || character === characters[at - length]))
      return characters.slice(0, length).join('');
  }
  return text;
}
