import type { Shape } from '../formats/interfaces.ts';
import type { AnalysedContract } from './analyse.ts';
import { type ColumnType, isNested } from './types.ts';

/** Of the fields that nested columns are read from, by the field's name. */
export const shapesOf = ({ columns }: AnalysedContract): ReadonlyMap<string, Shape> =>
  new Map(
    columns.flatMap(({ column, source }) =>
      source.kind === 'field' && isNested(column.type) ? [[source.name, shapeOf(column.type)] as const] : [],
    ),
  );

function shapeOf(type: ColumnType): Shape {
  switch (type.name) {
    case 'struct':
      return { members: new Map(type.members.map((member) => [member.name, shapeOf(member.type)])) };
    case 'list':
      return { list: shapeOf(type.element.type) };
    case 'map':
      return { values: shapeOf(type.value.type) };
    default:
      return 'text';
  }
}
