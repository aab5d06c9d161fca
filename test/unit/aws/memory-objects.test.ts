import { objectConformance } from '../../conformance/objects.ts';
import { memoryObjects } from '../../support/memory-objects.ts';

const store = memoryObjects();
objectConformance('objects in memory', () => store, 'objects');
