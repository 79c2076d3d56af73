import { describe, expect, it } from 'vitest';
import {
  curlOf,
  exampleOf,
  fieldsOf,
  filterGroups,
  groupsOf,
  limits,
  nested,
  resolve,
  typeName,
  withoutNull,
  type OpenApi
} from './openapi';

const API: OpenApi = {
  info: { title: 'T', version: '1' },
  tags: [{ name: 'ask', description: 'Questions' }],
  security: [{ bearer: [] }, { cookie: [] }],
  paths: {
    '/api/v1/ask': {
      post: {
        tags: ['ask'],
        summary: 'Ask a question',
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Ask' } } }
        },
        responses: {
          '200': {
            description: 'answered',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Tree' } } }
          }
        }
      }
    },
    '/health/live': { get: { security: [], responses: { '200': { description: 'alive' } } } }
  },
  components: {
    schemas: {
      Ask: {
        type: 'object',
        required: ['message'],
        properties: {
          message: { type: 'string', maxLength: 10 },
          mode: { type: 'string', enum: ['auto', 'explain'], default: 'auto' },
          id: { type: ['string', 'null'], format: 'uuid' }
        }
      },
      Tree: {
        type: 'object',
        properties: { children: { type: 'array', items: { $ref: '#/components/schemas/Tree' } } }
      },
      Loop: { $ref: '#/components/schemas/Loop' }
    }
  }
};
const ASK = { $ref: '#/components/schemas/Ask' };

describe('an API description', () => {
  it('is grouped by tag', () => {
    const groups = groupsOf(API);
    expect(groups.map(({ name, operations }) => [name, operations.length])).toEqual([
      ['ask', 1],
      ['other', 1]
    ]);
    expect(groups[0]?.operations[0]?.auth).toEqual(['bearer', 'cookie']);
    expect(groups[1]?.operations[0]?.auth).toEqual([]);
  });

  it('is searched by all words', () => {
    const groups = groupsOf(API);
    expect(filterGroups(groups, 'post QUESTION').flatMap(({ operations }) => operations)).toHaveLength(1);
    expect(filterGroups(groups, 'post health')).toEqual([]);
    expect(filterGroups(groups, ' ')).toHaveLength(2);
  });

  it('names types, fields and limits', () => {
    expect(fieldsOf(API, ASK).map(({ name, isRequired }) => [name, isRequired])).toEqual([
      ['message', true],
      ['mode', false],
      ['id', false]
    ]);
    expect(typeName(API, { type: 'array', items: ASK })).toBe('Ask[]');
    expect(typeName(API, { type: ['string', 'null'], format: 'uuid' })).toBe('string (uuid) | null');
    expect(limits({ enum: ['a'], default: 'a', minLength: 1, maxLength: 3 })).toEqual([
      'one of "a"',
      'default "a"',
      '1 to 3 characters'
    ]);
    expect(withoutNull(API, { oneOf: [{ type: 'null' }, { type: 'string', enum: ['a'] }], description: 'd' })).toEqual({
      type: 'string',
      enum: ['a'],
      description: 'd'
    });
    expect(nested(API, { type: 'array', items: ASK })).toEqual(ASK);
    expect(nested(API, { type: 'string' })).toBeUndefined();
  });

  it('gives examples, which end also where schemas do not', () => {
    expect(exampleOf(API, ASK)).toEqual({ message: 'text', mode: 'auto', id: '0198c0de-0000-7000-8000-000000000000' });
    expect(JSON.stringify(exampleOf(API, { $ref: '#/components/schemas/Tree' })).length).toBeLessThan(300);
    expect(resolve(API, { $ref: '#/components/schemas/Loop' })).toEqual({});
    expect(resolve(API, { $ref: '#/nowhere/at/all' })).toEqual({});
  });

  it('gives a command line', () => {
    const operation = groupsOf(API)[0]!.operations[0]!;
    expect(curlOf(operation, 'http://localhost:8501')).toContain(`-d '{"message":"text","mode":"auto"`);
  });
});
