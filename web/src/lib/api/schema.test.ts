// @vitest-environment node
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import { expect, it } from 'vitest';
import description from '../../../../docs/reference/openapi.json?raw';
import committed from './schema.ts?raw';

it('schema.ts is what the API description makes of it', async () => {
  const fresh = COMMENT_HEADER + astToString(await openapiTS(description));
  expect(committed === fresh, 'schema.ts differs from docs/reference/openapi.json: run `npm run gen` in web/').toBe(
    true
  );
});
