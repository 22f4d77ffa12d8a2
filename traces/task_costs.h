// The costs of a class of tasks, each with the name that table task_cost gives it: all amounts of
// core/graph_fields.h, in its order.
#pragma once

#include <string_view>
#include <type_traits>

#include "core/graph_fields.h"
#include "core/task_graph.h"

namespace mk {

// Calls f(name, amount) for each; amounts are const iff the class is.
template <typename Class, typename F>
void for_each_cost(Class& task_class, F&& f) {
  graph_fields::visit_fields(task_class, [&](std::string_view name, auto& field) {
    if constexpr (std::is_same_v<std::remove_const_t<std::remove_reference_t<decltype(field)>>,
                                 Amount>) {
      f(name, field);
    }
  });
}

}  // namespace mk
