/** The API reference: Markdown pages of everything that the package's tables of contents export, made by TypeDoc. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Application, Comment, Converter, ReflectionKind } from "typedoc";

export interface SidebarItem {
  readonly text: string;
  readonly link?: string;
  readonly items?: readonly SidebarItem[];
  readonly collapsed?: boolean;
}

/** Sub-paths by their entries: `./lens/paint` of package.json's `exports` is `fovea/lens/paint`. */
export type Entries = Readonly<Record<string, string>>;

/**
 * Writes the reference of entries into `out`. Throws an error after TypeDoc has said what is wrong: a link that leads
 * nowhere, an export without a doc comment.
 */
export async function writeReference(root: string, entries: Entries, out: string): Promise<void> {
  const app = await Application.bootstrapWithPlugins({
    plugin: ["typedoc-plugin-markdown", "typedoc-plugin-missing-exports"],
    entryPoints: Object.values(entries).map((entry) => join(root, entry)),
    tsconfig: join(root, "tsconfig.json"),
    basePath: root,
    // Types are checked by `npm run check`, with another compiler.
    skipErrorChecking: true,
    readme: "none",
    name: "fovea",
    out,
    disableSources: true,
    excludePrivate: true,
    excludeExternals: true,
    // What is named by exports without being one of them.
    internalModule: internal,
    validation: {
      invalidLink: true,
      invalidPath: false,
      rewrittenLink: true,
      notExported: true,
      notDocumented: false,
    },
    treatWarningsAsErrors: true,
    logLevel: "Warn",
    sort: ["source-order"],
    sortEntryPoints: false,
    groupOrder: ["Functions", "Classes", "Interfaces", "Type Aliases", "Variables", "References", "Modules"],
    // Of the Markdown.
    hidePageHeader: true,
    hideBreadcrumbs: true,
    entryFileName: "index",
    outputFileStrategy: "members",
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    typeAliasPropertiesFormat: "table",
    typeDeclarationFormat: "table",
    propertyMembersFormat: "table",
    enumMembersFormat: "table",
    indexFormat: "table",
    tableColumnSettings: { hideSources: true, hideInherited: true, hideModifiers: true, hideOverrides: true },
    expandParameters: true,
    useCodeBlocks: true,
    sanitizeComments: true,
  } as never);
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
      const name = Object.keys(entries).find((entry) => entryName(entries[entry]) === module.name);
      if (name !== undefined) module.name = name;
      for (const child of module.children ?? [])
        if (child.name === internal)
          child.comment = new Comment([
            { kind: "text", text: "What the names above use, and what cannot be imported itself." },
          ]);
    }
  });
  const project = await app.convert();
  if (project === undefined) throw new Error("docs: TypeDoc could not read the sources");
  app.validate(project);
  for (const module of project.getChildrenByKind(ReflectionKind.Module))
    for (const child of module.children ?? [])
      if (
        !child.isReference() &&
        child.kind !== ReflectionKind.Module &&
        child.name !== internal &&
        !isDocumented(child)
      )
        app.logger.warn(`${module.name}: ${child.name} has no doc comment`);
  if (app.logger.hasWarnings() || app.logger.hasErrors())
    throw new Error(`docs: ${app.logger.warningCount + app.logger.errorCount} warnings of the API reference`);
  await app.generateOutputs(project);
  for (const file of readdirSync(out, { recursive: true, encoding: "utf8" }))
    if (file.endsWith(".md")) writeFileSync(join(out, file), mended(readFileSync(join(out, file), "utf8")));
}

/** The folder of what exports name without it being one of them. */
const internal = "internal";

/** Titles and first words as pages have them, anchors as attributes instead of HTML, and shapes at the start of a line as text: `[B, S]: ...` would be a link. */
function mended(page: string): string {
  return page
    .replace(/^# fovea\n\n## Modules/, "# API reference\n\n## Modules")
    .replaceAll(
      /(^|\| )`fovea(?:\/\w+)*`: (\w)/gm,
      (_, start: string, first: string) => start + first.toUpperCase(),
    )
    .replaceAll("\\_\\_namedParameters", "options") // Of a parameter that is taken apart where it is declared.
    .replaceAll("__namedParameters", "options")
    .replaceAll(/<a id="([^"]+)"><\/a> (`[^`]+`)/g, "$2{#$1}")
    .replaceAll(/^(\s*)\[([^\]]*)\]:/gm, "$1\\[$2]:");
}

/** As TypeDoc names modules: by the path of the file, of an `index.ts` by its folder. */
function entryName(entry: string): string {
  return entry
    .replace(/^\.\//, "")
    .replace(/\.ts$/, "")
    .replace(/\/index$/, "");
}

function isDocumented(child: {
  hasComment(): boolean;
  signatures?: readonly { hasComment(): boolean }[];
}): boolean {
  return child.hasComment() || (child.signatures ?? []).some((signature) => signature.hasComment());
}

const kinds: Readonly<Record<string, string>> = {
  functions: "Functions",
  classes: "Classes",
  interfaces: "Interfaces",
  "type-aliases": "Types",
  variables: "Values",
};

/** The sidebars of the reference: all sub-paths and, on the pages of one, its names by kind. */
export function referenceSidebars(folder: string, entries: Entries): Record<string, SidebarItem[]> {
  const modules = Object.keys(entries);
  const sidebar = (open?: string) => [
    {
      text: "API reference",
      link: "/api/",
      items: modules.map((name) => ({ text: name, link: `/api/${name}/` })),
    },
    ...(open === undefined ? [] : namesIn(folder, open)),
  ];
  return Object.fromEntries([
    ["/api/", sidebar()],
    ...modules.map((name) => [`/api/${name}/`, sidebar(name)]),
  ]);
}

function namesIn(folder: string, module: string): SidebarItem[] {
  return Object.entries(kinds).flatMap(([kind, text]) => {
    const names = pagesIn(join(folder, module, kind));
    const items = names.map((page) => ({ text: page, link: `/api/${module}/${kind}/${page}` }));
    return items.length === 0 ? [] : [{ text: `${module}: ${text.toLowerCase()}`, items }];
  });
}

function pagesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".md"))
      .map((name) => name.slice(0, -3))
      .sort();
  } catch {
    return [];
  }
}
