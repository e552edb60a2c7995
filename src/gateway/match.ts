import { errorOf } from "../core/error.js";
import type { EdgeRoute } from "./routes.js";

/** The route that a request is for, and what its path says in the places of the parameters. */
export interface Match {
  readonly route: EdgeRoute;
  readonly params: readonly (readonly [name: string, text: string])[];
}

/** A route that ends here, and the names of its parameters in the path's order. */
interface End {
  readonly route: EdgeRoute;
  readonly names: readonly string[];
}

/** What may follow after the segments so far. */
class Place {
  readonly words = new Map<string, Place>();
  parameter: Place | undefined;
  /** By verb. */
  readonly ends = new Map<string, End>();
}

/** Finds the routes of requests; worked out once, so that a request costs as many steps as its path has segments. */
export class RouteMatcher {
  readonly #root = new Place();

  constructor(routes: readonly EdgeRoute[]) {
    for (const route of routes) {
      const names: string[] = [];
      let place = this.#root;
      for (const segment of segmentsOf(route.path)) {
        if (segment.startsWith(":")) {
          names.push(segment.slice(1));
          place = place.parameter ??= new Place();
        } else {
          const word = segment.toLowerCase();
          let next = place.words.get(word);
          if (next === undefined) place.words.set(word, (next = new Place()));
          place = next;
        }
      }
      place.ends.set(route.verb.toUpperCase(), { route, names });
    }
  }

  /**
   * The route of `GET /things/7?x=1`; undefined where there is none. A written-out segment goes before a parameter, upper
   * and lower case of it are the same, and so is a slash at the end. HEAD is answered as GET is. Throws
   * `invalid_argument` where the path is no text.
   */
  find(verb: string, url: string): Match | undefined {
    const texts: string[] = [];
    const segments = segmentsOf(pathOf(url));
    const end = this.#walk(this.#root, segments, 0, verb === "HEAD" ? "GET" : verb, texts);
    return end && { route: end.route, params: end.names.map((name, index) => [name, decoded(texts[index]!)]) };
  }

  /** The verbs that a path has routes for. */
  verbsOf(url: string): string[] {
    const segments = segmentsOf(pathOf(url));
    return ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].filter(
      (verb) => this.#walk(this.#root, segments, 0, verb === "HEAD" ? "GET" : verb, []) !== undefined,
    );
  }

  #walk(place: Place, segments: readonly string[], at: number, verb: string, texts: string[]): End | undefined {
    if (at === segments.length) return place.ends.get(verb);
    const segment = segments[at]!;
    const word = place.words.get(segment) ?? place.words.get(segment.toLowerCase());
    const end = word && this.#walk(word, segments, at + 1, verb, texts);
    if (end !== undefined || place.parameter === undefined || segment === "") return end;
    texts.push(segment);
    const other = this.#walk(place.parameter, segments, at + 1, verb, texts);
    if (other === undefined) texts.pop();
    return other;
  }
}

const pathOf = (url: string): string => {
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
};

/** Between the slashes; one at the end is as good as none. */
const segmentsOf = (path: string): string[] =>
  path.slice(1, path.length > 1 && path.endsWith("/") ? -1 : undefined).split("/");

function decoded(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw errorOf("invalid_argument", "The request could not be read.");
  }
}
