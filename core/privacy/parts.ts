/** What a privacy rule may name: a column, or what is within one, by the way to it. */
import { elementPath, memberPath, valuePath } from '../contract/member-paths.ts';
import type { ColumnType, NestedType } from '../contract/types.ts';

export interface Part {
  path: string;
  type: ColumnType;
  /** What it is directly within; `null`: it is the column itself. */
  within: NestedType['name'] | null;
}

export const columnPart = ({ name, type }: { name: string; type: ColumnType }): Part => ({
  ...{ path: name, type },
  within: null,
});

/** The parts that a part directly consists of. */
export function partsWithin({ path, type }: Pick<Part, 'path' | 'type'>): Part[] {
  switch (type.name) {
    case 'struct':
      return type.members.map((member) => ({
        ...{ path: memberPath(path, member.name), type: member.type },
        within: 'struct',
      }));
    case 'list':
      return [{ path: elementPath(path), type: type.element.type, within: 'list' }];
    case 'map':
      return [{ path: valuePath(path), type: type.value.type, within: 'map' }];
    default:
      return [];
  }
}

/** A part and all that is within it, at any depth. */
export const allParts = (part: Part): Part[] => [part, ...partsWithin(part).flatMap(allParts)];
