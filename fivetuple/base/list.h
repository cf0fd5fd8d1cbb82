#pragma once

#include <cstddef>

namespace fivetuple {

/// Makes a type a member of at most one `List<T, Tag>` at a time, without an allocation.
template <class Tag>
class Linked {
public:
    Linked() = default;
    Linked(const Linked&) = delete;
    Linked& operator=(const Linked&) = delete;

    bool is_linked() const { return next_ != nullptr; }

    /// Leaves whatever list it is in; harmless when it is in none.
    void unlink() {
        if (next_ == nullptr) return;
        previous_->next_ = next_;
        next_->previous_ = previous_;
        next_ = previous_ = nullptr;
    }

private:
    template <class, class>
    friend class List;
    Linked* next_ = nullptr;
    Linked* previous_ = nullptr;
};

/// A doubly linked list of things that somebody else owns. Every operation is a few stores.
template <class T, class Tag = T>
class List {
    using Node = Linked<Tag>;

public:
    List() { clear(); }
    List(const List&) = delete;
    List& operator=(const List&) = delete;

    bool empty() const { return ends_.next_ == &ends_; }
    T& front() { return static_cast<T&>(*ends_.next_); }
    void push_back(T& item) { insert(static_cast<Node&>(item), *ends_.previous_, ends_); }
    void push_front(T& item) { insert(static_cast<Node&>(item), ends_, *ends_.next_); }

    T* pop_front() {
        if (empty()) return nullptr;
        T& first = front();
        static_cast<Node&>(first).unlink();
        return &first;
    }

    /// Moves every member of `other` to our end.
    void take_all(List& other) {
        while (T* item = other.pop_front()) push_back(*item);
    }

    template <class Visit>
    void for_each(Visit visit) {
        for (Node* at = ends_.next_; at != &ends_;) {
            Node* next = at->next_;
            visit(static_cast<T&>(*at));
            at = next;
        }
    }

private:
    void clear() { ends_.next_ = ends_.previous_ = &ends_; }
    static void insert(Node& item, Node& before, Node& behind) {
        item.previous_ = &before;
        item.next_ = &behind;
        before.next_ = behind.previous_ = &item;
    }

    Node ends_;
};

}  // namespace fivetuple
