const NOT_A_STRING = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/** The JSON texts that a value of a filter stands for: `7` for the number and for the string. */
export function jsonTextsOf(value: string): readonly [string, string] {
  const text = JSON.stringify(value);
  return [text, NOT_A_STRING.test(value) ? value : text];
}
