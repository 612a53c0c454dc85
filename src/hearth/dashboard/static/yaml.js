// Stored templates as people write them: values that came as JSON, put down as YAML. Only writes; Hearth reads.

const PLAIN = /^[A-Za-z_/][\w./'(),:;+= -]*$/;
const UNSAFE = /: |:$|\s$/;
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

function scalar(value, indent) {
  if (typeof value !== "string") return JSON.stringify(value);
  if (PLAIN.test(value) && !UNSAFE.test(value) && !WORDS.test(value)) return value;
  if (/^[^\s\n][^\r\t\u0000-\u0008]*\n[^\r\u0000-\u0008]*$/.test(value) && !/[ \t]\n/.test(value)) {
    const mark = value.endsWith("\n\n") ? "|+" : value.endsWith("\n") ? "|" : "|-";
    const lines = (mark === "|-" ? value : value.replace(/\n$/, "")).split("\n");
    return `${mark}\n${lines.map((line) => (line ? indent + line : "")).join("\n")}`;
  }
  return JSON.stringify(value);
}

const isFlat = (value) => value === null || typeof value !== "object" || Object.keys(value).length === 0;

/** A value as YAML, without a line break at its end. */
export function toYaml(value, indent = "") {
  if (isFlat(value)) {
    if (value !== null && typeof value === "object") return Array.isArray(value) ? "[]" : "{}";
    return scalar(value, indent);
  }
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    return value
      .map((one) => `${indent}- ${isFlat(one) ? toYaml(one, deeper) : toYaml(one, deeper).trimStart()}`)
      .join("\n");
  }
  return Object.entries(value)
    .map(([key, one]) => {
      const name = scalar(key, "");
      return isFlat(one) ? `${indent}${name}: ${toYaml(one, deeper)}` : `${indent}${name}:\n${toYaml(one, deeper)}`;
    })
    .join("\n");
}
