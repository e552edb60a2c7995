const mend = "set REDIS_URL, for instance to redis://127.0.0.1:6379";

/**
 * The servers that the setting `url` names, each as a URL of its own: `redis://user:password@host:port`, and for a
 * cluster any further `,host:port`. Throws where it is none; a message about it never shows it, for it may hold a password.
 */
export function serverUrls(url: string | undefined): readonly string[] {
  if (url === undefined || url === "") throw new Error(`transport redis: settings.url is missing; ${mend}`);
  const [, start = "", hosts = "", end = ""] = /^(rediss?:\/\/(?:.*@)?)([^/?]+)(.*)$/.exec(url) ?? [];
  const urls = hosts.split(",").map((host) => start + host + end);
  if (hosts.split(",").includes("") || !urls.every((one) => URL.canParse(one))) {
    throw new Error(`transport redis: settings.url is not a redis:// or rediss:// URL; ${mend}`);
  }
  return urls;
}

/** The URL of another server of the same cluster: same user, same protocol. */
export function urlOfServer(like: string, host: string, port: number): string {
  const { protocol, username, password, search } = new URL(like);
  const user = username + password === "" ? "" : `${username}:${password}@`;
  return `${protocol}//${user}${host.includes(":") ? `[${host}]` : host}:${port}${search}`;
}

/** `text` without the password of `url`, which Redis may quote. */
export function withoutPassword(text: string, url: string): string {
  const { password } = new URL(url);
  const secrets = [password, decodeURIComponent(password)].filter((secret) => secret !== "");
  return secrets.reduce((safe, secret) => safe.replaceAll(secret, "…"), text);
}
