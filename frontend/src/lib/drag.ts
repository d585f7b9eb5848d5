// What is dragged about: the tab of a console.

export const tabType = 'application/x-sandboxlabs-console';

export const isTab = (event: DragEvent): boolean => event.dataTransfer?.types.includes(tabType) ?? false;

/** The node whose tab was dropped; empty if it was something else. */
export const draggedOf = (event: DragEvent): string => event.dataTransfer?.getData(tabType) ?? '';
