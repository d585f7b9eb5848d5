import { expect, test } from 'vitest';
import { sparkline } from './spark';

test('the newest value stands at the right', () => expect(sparkline([0, 1], 60)).toBe('59,1.000 60,0.000'));
test('what is more than all is all', () => expect(sparkline([7, -1], 2)).toBe('1,0.000 2,1.000'));
