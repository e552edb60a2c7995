/** Must import nothing: it is read by Nodes that cannot load the rest. */

const oldest = { major: 22, minor: 19 };

/** What to tell somebody whose Node is too old, or undefined where `version` (as in `process.versions.node`) will do. */
export function nodeRefusal(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return undefined;
  return (
    `Pangaea needs Node ${oldest.major}.${oldest.minor} or newer, and this is ${version}. ` +
    'Inside a project run it by "npm run" or "npx", which find the Node that the project has pinned.'
  );
}
