// The types of the pages' modules, as their comments state them. PAGES names the modules, one a line; TYPES a package of
// types that they use.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { assert, run } from './lib.mjs';

await run(async (rig) => {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const pages = (process.env.PAGES ?? '').split('\n').filter(Boolean);
  assert(pages.length > 0, 'PAGES must name modules');
  const options = [
    '--noEmit',
    '--allowJs',
    '--checkJs',
    '--strict',
    '--target',
    'es2022',
    '--lib',
    'es2023,dom,dom.iterable',
  ];
  const types = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), '../@types');
  if (process.env.TYPES) options.push('--typeRoots', types, '--types', process.env.TYPES);
  const checked = await rig.output(process.execPath, [
    compiler,
    ...options,
    '--module',
    'es2022',
    '--moduleResolution',
    'bundler',
    ...pages,
  ]);
  assert(checked.status === 0, `types:\n${checked.output}`);
});
