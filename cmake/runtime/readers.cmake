# Which sources are told what differs between boards and configurations: only those that read it, so
# that the others are compiled by the same command on all boards of an ISA, and by ccache once.
include_guard()

# OPTION_READERS_NAME: a pattern of the sources that read an option. Elsewhere its value does not
# compile; an option that is not listed is told to all.
set(SCHEDULER "balance|deadlock|defer|group|idle|mutex|page_wait|place|policy\\.|priority|reclaimer|remote|schedule|semaphore|sleep|\
suspend|thread|wait|work|\
address|barrier|channel|condition|events|latch|mailbox|message|notification|once|pipe|poll|queue|rwlock|topic")
set(OPTION_READERS_SMP "^(irq|mm)/|^arch/.*/(entropy|fault|fp|mmu|segments|smp|start)\\.|\
^core/(${SCHEDULER}|boot|console|cpu|fault|interrupt|irqs_off|leak|lock_|log|map|\
memory_bug|panic|pause|random|registry)|\
^core/(spinlock|system|time|timer)|^drivers/pci/access|^posix/(locks|newlib/library_locks|picolibc/)")
set(OPTION_READERS_SPINLOCK_LIMIT "^core/spinlock")
set(OPTION_READERS_LOCK_ORDER "^core/(condition|deadlock|lock_order|mutex|spinlock_held|thread_create)")
set(OPTION_READERS_DEADLOCK "^core/(cpu|deadlock|idle|mutex|schedule)\\.")
set(OPTION_READERS_CPU_LIMIT "^core/cpu\\.")
set(OPTION_READERS_VA_BITS "^arch/aarch64/start|^core/boot")
set(OPTION_READERS_HEAP_HARDENED
  "^mm/(heap|heap_large|leak_pages|pool|pool_cpus|slab|slab_reclaim|slab_stats)\\.c")
set(OPTION_READERS_DMA_STATS "^mm/dma")
set(OPTION_READERS_CONSOLE_UART "^drivers/bcm/pi_board")
set(OPTION_READERS_BAUD "^drivers/uart/")
set(OPTION_READERS_SCREEN "^board/pc/")
set(OPTION_READERS_CONSOLE_INPUT_BYTES "^core/console_input")
set(OPTION_READERS_GIC "^board/virt-aarch64/")
set(OPTION_READERS_X2APIC "^arch/x86_64/lapic")
set(OPTION_READERS_LOG_LEVEL "^(core|irq)/")
set(OPTION_READERS_FAULT_INJECTION
  "^core/(boot|fault_injection|system)|^mm/(fault|heap|page|page_exact|page_within|slab)\\.c")
set(OPTION_READERS_RUN_TIME "^core/(${SCHEDULER}|cpu)")
set(OPTION_READERS_TRACE "^core/(${SCHEDULER}|cpu|interrupt|time)|^irq/dispatch|^mm/heap\\.c")
set(TRACED_READERS "^mm/(backtraces|heap|heap_profile|leak|leak_pages|memory_stats|traced)\\.c")
set(OPTION_READERS_CHECK_MEMORY "${TRACED_READERS}|^core/(boot|memory_bug|panic)|\
^mm/(early|instrumentation|page|page_region|page_within|shadow|slab|stack)\\.c")
set(OPTION_READERS_CHECK_LEAKS
  "${TRACED_READERS}|^core/(cpu|heap_profile|leak|memory_bug)|^posix/(exit|start)")
set(OPTION_READERS_HEAP_PROFILE "${TRACED_READERS}|^core/(heap_profile|memory_bug|system)")
set(WRONG_READER "@see_cmake/runtime/readers.cmake@")

# The interrupt controller, and where devices stand.
set(BOARD_READERS "^(board|irq|drivers/bcm)/|^core/(balance|boot|cpu|deadlock|idle_governor|interrupt|panic|pause|remote|spinlock_held|timer)\\.c")
set(LOAD_ADDRESS_READERS "^arch/.*/start\\.S")

kiln_config_names(KILN_LISTED_OPTIONS)
foreach(name IN LISTS KILN_LISTED_OPTIONS)
  if(NOT DEFINED OPTION_READERS_${name})
    list(REMOVE_ITEM KILN_LISTED_OPTIONS ${name})
  endif()
endforeach()
kiln_board_fact(controller ${KILN_BOARD} "${KILN_CONFIG}" build irq_controller)
kiln_board_fact(board_definitions ${KILN_BOARD} "${KILN_CONFIG}" build definitions)
kiln_board_fact(load_address ${KILN_BOARD} "${KILN_CONFIG}" load_address)
math(EXPR text_offset "${load_address} % 0x200000" OUTPUT_FORMAT HEXADECIMAL)

# What a source, named from the root, is told of the configuration.
function(kiln_told_options out source)
  set(told ${KILN_CONFIG})
  foreach(name IN LISTS KILN_LISTED_OPTIONS)
    if(NOT source MATCHES "${OPTION_READERS_${name}}")
      list(FILTER told EXCLUDE REGEX "^${name}=")
      list(APPEND told "${name}=${WRONG_READER}")
    endif()
  endforeach()
  list(TRANSFORM told PREPEND KILN_CONFIG_)
  set(${out} "${told}" PARENT_SCOPE)
endfunction()

# kiln_tell_readers(FOLDER source...): gives each of a folder's sources its definitions.
function(kiln_tell_readers folder)
  foreach(source IN LISTS ARGN)
    kiln_told_options(told "${folder}/${source}")
    if("${folder}/${source}" MATCHES "${BOARD_READERS}")
      list(APPEND told ${board_definitions})
      set_source_files_properties("${KILN_ROOT}/${folder}/${source}" PROPERTIES
        INCLUDE_DIRECTORIES "${KILN_ROOT}/irq/${controller}")
    endif()
    if("${folder}/${source}" MATCHES "${LOAD_ADDRESS_READERS}")
      list(APPEND told KILN_TEXT_OFFSET=${text_offset})
    endif()
    set_source_files_properties("${KILN_ROOT}/${folder}/${source}" PROPERTIES
      COMPILE_DEFINITIONS "${told}")
  endforeach()
endfunction()
