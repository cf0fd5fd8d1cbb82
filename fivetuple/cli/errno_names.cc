#include "fivetuple/cli/errno_names.h"

#include "fivetuple/base/error.h"
#include "fivetuple/base/similar.h"

#include <cerrno>
#include <charconv>
#include <string>

namespace fivetuple {
namespace {

constexpr ErrnoName kNames[] = {
    {"EPERM", EPERM, ErrnoField::network},
    {"ENOENT", ENOENT, ErrnoField::network},
    {"ESRCH", ESRCH, ErrnoField::network},
    {"EINTR", EINTR, ErrnoField::network},
    {"EIO", EIO, ErrnoField::network},
    {"ENXIO", ENXIO, ErrnoField::network},
    {"E2BIG", E2BIG, ErrnoField::file},
    {"ENOEXEC", ENOEXEC, ErrnoField::program},
    {"EBADF", EBADF, ErrnoField::network},
    {"ECHILD", ECHILD, ErrnoField::process},
    {"EAGAIN", EAGAIN, ErrnoField::network},
    {"ENOMEM", ENOMEM, ErrnoField::network},
    {"EACCES", EACCES, ErrnoField::network},
    {"EFAULT", EFAULT, ErrnoField::network},
    {"ENOTBLK", ENOTBLK, ErrnoField::device},
    {"EBUSY", EBUSY, ErrnoField::network},
    {"EEXIST", EEXIST, ErrnoField::network},
    {"EXDEV", EXDEV, ErrnoField::file},
    {"ENODEV", ENODEV, ErrnoField::network},
    {"ENOTDIR", ENOTDIR, ErrnoField::network},
    {"EISDIR", EISDIR, ErrnoField::file},
    {"EINVAL", EINVAL, ErrnoField::network},
    {"ENFILE", ENFILE, ErrnoField::network},
    {"EMFILE", EMFILE, ErrnoField::network},
    {"ENOTTY", ENOTTY, ErrnoField::device},
    {"ETXTBSY", ETXTBSY, ErrnoField::file},
    {"EFBIG", EFBIG, ErrnoField::file},
    {"ENOSPC", ENOSPC, ErrnoField::network},
    {"ESPIPE", ESPIPE, ErrnoField::file},
    {"EROFS", EROFS, ErrnoField::network},
    {"EMLINK", EMLINK, ErrnoField::file},
    {"EPIPE", EPIPE, ErrnoField::network},
    {"EDOM", EDOM, ErrnoField::network},
    {"ERANGE", ERANGE, ErrnoField::network},
    {"EDEADLK", EDEADLK, ErrnoField::process},
    {"ENAMETOOLONG", ENAMETOOLONG, ErrnoField::network},
    {"ENOLCK", ENOLCK, ErrnoField::process},
    {"ENOSYS", ENOSYS, ErrnoField::network},
    {"ENOTEMPTY", ENOTEMPTY, ErrnoField::file},
    {"ELOOP", ELOOP, ErrnoField::network},
    {"ENOMSG", ENOMSG, ErrnoField::process},
    {"EIDRM", EIDRM, ErrnoField::process},
    {"ECHRNG", ECHRNG, ErrnoField::historic},
    {"EL2NSYNC", EL2NSYNC, ErrnoField::historic},
    {"EL3HLT", EL3HLT, ErrnoField::historic},
    {"EL3RST", EL3RST, ErrnoField::historic},
    {"ELNRNG", ELNRNG, ErrnoField::historic},
    {"EUNATCH", EUNATCH, ErrnoField::historic},
    {"ENOCSI", ENOCSI, ErrnoField::historic},
    {"EL2HLT", EL2HLT, ErrnoField::historic},
    {"EBADE", EBADE, ErrnoField::historic},
    {"EBADR", EBADR, ErrnoField::historic},
    {"EXFULL", EXFULL, ErrnoField::historic},
    {"ENOANO", ENOANO, ErrnoField::historic},
    {"EBADRQC", EBADRQC, ErrnoField::historic},
    {"EBADSLT", EBADSLT, ErrnoField::historic},
    {"EBFONT", EBFONT, ErrnoField::historic},
    {"ENOSTR", ENOSTR, ErrnoField::historic},
    {"ENODATA", ENODATA, ErrnoField::file},
    {"ETIME", ETIME, ErrnoField::network},
    {"ENOSR", ENOSR, ErrnoField::historic},
    {"ENONET", ENONET, ErrnoField::network},
    {"ENOPKG", ENOPKG, ErrnoField::network},
    {"EREMOTE", EREMOTE, ErrnoField::historic},
    {"ENOLINK", ENOLINK, ErrnoField::historic},
    {"EADV", EADV, ErrnoField::historic},
    {"ESRMNT", ESRMNT, ErrnoField::historic},
    {"ECOMM", ECOMM, ErrnoField::historic},
    {"EPROTO", EPROTO, ErrnoField::network},
    {"EMULTIHOP", EMULTIHOP, ErrnoField::historic},
    {"EDOTDOT", EDOTDOT, ErrnoField::historic},
    {"EBADMSG", EBADMSG, ErrnoField::network},
    {"EOVERFLOW", EOVERFLOW, ErrnoField::network},
    {"ENOTUNIQ", ENOTUNIQ, ErrnoField::device},
    {"EBADFD", EBADFD, ErrnoField::device},
    {"EREMCHG", EREMCHG, ErrnoField::device},
    {"ELIBACC", ELIBACC, ErrnoField::program},
    {"ELIBBAD", ELIBBAD, ErrnoField::program},
    {"ELIBSCN", ELIBSCN, ErrnoField::program},
    {"ELIBMAX", ELIBMAX, ErrnoField::program},
    {"ELIBEXEC", ELIBEXEC, ErrnoField::program},
    {"EILSEQ", EILSEQ, ErrnoField::file},
    {"ERESTART", ERESTART, ErrnoField::historic},
    {"ESTRPIPE", ESTRPIPE, ErrnoField::historic},
    {"EUSERS", EUSERS, ErrnoField::process},
    {"ENOTSOCK", ENOTSOCK, ErrnoField::network},
    {"EDESTADDRREQ", EDESTADDRREQ, ErrnoField::network},
    {"EMSGSIZE", EMSGSIZE, ErrnoField::network},
    {"EPROTOTYPE", EPROTOTYPE, ErrnoField::network},
    {"ENOPROTOOPT", ENOPROTOOPT, ErrnoField::network},
    {"EPROTONOSUPPORT", EPROTONOSUPPORT, ErrnoField::network},
    {"ESOCKTNOSUPPORT", ESOCKTNOSUPPORT, ErrnoField::network},
    {"EOPNOTSUPP", EOPNOTSUPP, ErrnoField::network},
    {"EPFNOSUPPORT", EPFNOSUPPORT, ErrnoField::network},
    {"EAFNOSUPPORT", EAFNOSUPPORT, ErrnoField::network},
    {"EADDRINUSE", EADDRINUSE, ErrnoField::network},
    {"EADDRNOTAVAIL", EADDRNOTAVAIL, ErrnoField::network},
    {"ENETDOWN", ENETDOWN, ErrnoField::network},
    {"ENETUNREACH", ENETUNREACH, ErrnoField::network},
    {"ENETRESET", ENETRESET, ErrnoField::network},
    {"ECONNABORTED", ECONNABORTED, ErrnoField::network},
    {"ECONNRESET", ECONNRESET, ErrnoField::network},
    {"ENOBUFS", ENOBUFS, ErrnoField::network},
    {"EISCONN", EISCONN, ErrnoField::network},
    {"ENOTCONN", ENOTCONN, ErrnoField::network},
    {"ESHUTDOWN", ESHUTDOWN, ErrnoField::network},
    {"ETOOMANYREFS", ETOOMANYREFS, ErrnoField::network},
    {"ETIMEDOUT", ETIMEDOUT, ErrnoField::network},
    {"ECONNREFUSED", ECONNREFUSED, ErrnoField::network},
    {"EHOSTDOWN", EHOSTDOWN, ErrnoField::network},
    {"EHOSTUNREACH", EHOSTUNREACH, ErrnoField::network},
    {"EALREADY", EALREADY, ErrnoField::network},
    {"EINPROGRESS", EINPROGRESS, ErrnoField::network},
    {"ESTALE", ESTALE, ErrnoField::file},
    {"EUCLEAN", EUCLEAN, ErrnoField::file},
    {"ENOTNAM", ENOTNAM, ErrnoField::historic},
    {"ENAVAIL", ENAVAIL, ErrnoField::historic},
    {"EISNAM", EISNAM, ErrnoField::historic},
    {"EREMOTEIO", EREMOTEIO, ErrnoField::device},
    {"EDQUOT", EDQUOT, ErrnoField::file},
    {"ENOMEDIUM", ENOMEDIUM, ErrnoField::device},
    {"EMEDIUMTYPE", EMEDIUMTYPE, ErrnoField::device},
    {"ECANCELED", ECANCELED, ErrnoField::network},
    {"ENOKEY", ENOKEY, ErrnoField::key},
    {"EKEYEXPIRED", EKEYEXPIRED, ErrnoField::key},
    {"EKEYREVOKED", EKEYREVOKED, ErrnoField::key},
    {"EKEYREJECTED", EKEYREJECTED, ErrnoField::key},
    {"EOWNERDEAD", EOWNERDEAD, ErrnoField::process},
    {"ENOTRECOVERABLE", ENOTRECOVERABLE, ErrnoField::process},
    {"ERFKILL", ERFKILL, ErrnoField::device},
    {"EHWPOISON", EHWPOISON, ErrnoField::device},
    // Second names.
    {"EWOULDBLOCK", EAGAIN, ErrnoField::network},
    {"EDEADLOCK", EDEADLK, ErrnoField::process},
    {"ENOTSUP", EOPNOTSUPP, ErrnoField::network},
};

}  // namespace

std::span<const ErrnoName> errno_names() { return kNames; }

const ErrnoName* errno_name(int code) {
    for (const ErrnoName& each : kNames) {
        if (each.code == code) return &each;
    }
    return nullptr;
}

const ErrnoName* find_errno(std::string_view text) {
    int code = 0;
    const char* begin = text.data();
    const char* end = begin + text.size();
    if (const auto [stop, failure] = std::from_chars(begin, end, code);
        failure == std::errc() && stop == end) {
        return errno_name(code);
    }
    const std::string asked = lowered(text);
    for (const ErrnoName& each : kNames) {
        const bool is_name = lowered(each.name) == asked;
        if (is_name || lowered(Error::system(each.code, "").reason()) == asked) {
            return errno_name(each.code);
        }
    }
    return nullptr;
}

std::string_view field_text(ErrnoField field) {
    switch (field) {
        case ErrnoField::network:
            return "sockets give it, or what is used with them";
        case ErrnoField::file:
            return "not an error of sockets: it comes from files and file systems";
        case ErrnoField::process:
            return "not an error of sockets: it comes from processes, locks and queues";
        case ErrnoField::device:
            return "not an error of sockets: it comes from devices and their drivers";
        case ErrnoField::program:
            return "not an error of sockets: it comes from loading a program or a library";
        case ErrnoField::key:
            return "not an error of sockets: it comes from the kernel's keyrings";
        case ErrnoField::historic:
            break;
    }
    return "not an error of sockets, and hardly of anything: a name of older systems";
}

}  // namespace fivetuple
