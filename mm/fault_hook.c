/* Alone, so that core brings in nothing else of what mends faults. */
#include <mm/vm.h>

mm_fault_hook_t mm_fault_hook;
