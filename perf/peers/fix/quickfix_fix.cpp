// QuickFIX C++ at the work that Appliance.Perf's `fix` compares, each as its users would write it, with what can be reused reused:
//
//   quickfix_fix encode COUNT                 NewOrderSingle with 12 business fields: six fields change an order, then toString
//   quickfix_fix decode COUNT FILE            setString with length and checksum checked, then the fields that a desk reads
//   quickfix_fix roundtrip PORT ORDERS STORE  an initiator with its file store: an order leaves inside the callback of the acknowledgement before it, as early as can be
//   quickfix_fix sustained ORDERS STORE       initiator and acceptor in one process over loopback TCP, file stores, one report an order, 1,000 orders under way
//   quickfix_fix resend MESSAGES STORE        an acceptor whose file store holds the messages is asked for all of them by a plain socket
//
// Each prints one line of JSON. Compiled as C++14: the library's headers state exceptions in the old way.
#include <quickfix/Application.h>
#include <quickfix/FileStore.h>
#include <quickfix/Message.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketAcceptor.h>
#include <quickfix/SocketInitiator.h>
#include <quickfix/fix44/ExecutionReport.h>
#include <quickfix/fix44/NewOrderSingle.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

std::int64_t nowNs() { return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count(); }

FIX44::NewOrderSingle makeOrder() {
    FIX44::NewOrderSingle order;
    order.set(FIX::Account("DESK1"));
    order.set(FIX::ClOrdID("1"));
    order.set(FIX::HandlInst('1'));
    order.set(FIX::Symbol("AAPL"));
    order.set(FIX::Side(FIX::Side_BUY));
    order.set(FIX::TransactTime());
    order.set(FIX::OrderQty(100));
    order.set(FIX::OrdType(FIX::OrdType_LIMIT));
    order.set(FIX::Price(100.25));
    order.set(FIX::TimeInForce(FIX::TimeInForce_DAY));
    order.set(FIX::Currency("USD"));
    order.setField(FIX::OrderCapacity('P'));
    return order;
}

int encode(int count) {
    FIX44::NewOrderSingle order = makeOrder();
    FIX::Header &header = order.getHeader();
    header.setField(FIX::SenderCompID("DESK"));
    header.setField(FIX::TargetCompID("VENUE"));
    std::string text;
    std::size_t bytes = 0;
    auto run = [&](int n) {
        for (int i = 0; i < n; i++) {
            FIX::UtcTimeStamp time;
            header.setField(FIX::MsgSeqNum(i + 1));
            header.setField(FIX::SendingTime(time, 6));
            order.set(FIX::ClOrdID(std::to_string(1700000000000000000ULL + static_cast<unsigned>(i))));
            order.set(FIX::TransactTime(time, 6));
            order.set(FIX::OrderQty(100 + i % 100));
            order.set(FIX::Price(100.25 + 0.01 * (i % 50)));
            bytes += order.toString(text).size();
        }
    };
    run(count / 10 + 1);
    bytes = 0;
    std::int64_t begin = nowNs();
    run(count);
    double ns = static_cast<double>(nowNs() - begin) / count;
    std::printf("{\"ns\": %.2f, \"bytes\": %.1f}\n", ns, static_cast<double>(bytes) / count);
    return 0;
}

int decode(int count, const char *file) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream content;
    content << in.rdbuf();
    // Messages one to a line; their checksums are right.
    std::vector<std::string> texts;
    for (std::string line; std::getline(content, line);) texts.push_back(line);
    FIX::Message message;
    double sum = 0;
    auto run = [&](int n) {
        for (int i = 0; i < n; i++) {
            message.setString(texts[static_cast<std::size_t>(i) % texts.size()], true);
            sum += std::stod(message.getField(FIX::FIELD::LastPx)) + std::stod(message.getField(FIX::FIELD::LastQty)) + std::stod(message.getField(FIX::FIELD::CumQty));
            sum += static_cast<double>(message.getField(FIX::FIELD::ClOrdID).size() + message.getField(FIX::FIELD::Symbol).size() + message.getField(FIX::FIELD::OrderID).size()
                                       + message.getField(FIX::FIELD::ExecID).size())
                 + message.getField(FIX::FIELD::ExecType)[0] + message.getField(FIX::FIELD::OrdStatus)[0] + message.getField(FIX::FIELD::Side)[0];
        }
    };
    run(count / 10 + 1);
    sum = 0;
    std::int64_t begin = nowNs();
    run(count);
    double ns = static_cast<double>(nowNs() - begin) / count;
    std::printf("{\"ns\": %.2f, \"sum\": %.6f}\n", ns, sum);
    return 0;
}

/// What both applications need not care about.
class Quiet : public FIX::Application {
    void onCreate(const FIX::SessionID &) override {}
    void onLogon(const FIX::SessionID &) override {}
    void onLogout(const FIX::SessionID &) override {}
    void toAdmin(FIX::Message &, const FIX::SessionID &) override {}
    void toApp(FIX::Message &, const FIX::SessionID &) throw(FIX::DoNotSend) override {}
    void fromAdmin(const FIX::Message &, const FIX::SessionID &) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::RejectLogon) override {}
    void fromApp(const FIX::Message &, const FIX::SessionID &) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::UnsupportedMessageType) override {}
};

FIX::SessionSettings settings(const std::string &kind, const std::string &own, const std::string &peer, int port, const std::string &store) {
    std::stringstream text;
    text << "[DEFAULT]\nConnectionType=" << kind << "\nSocketConnectHost=127.0.0.1\nSocketConnectPort=" << port << "\nSocketAcceptPort=" << port
         << "\nSocketReuseAddress=Y\nSocketNodelay=Y\nReconnectInterval=1\nHeartBtInt=600\nStartTime=00:00:00\nEndTime=00:00:00\nUseDataDictionary=N\nFileStorePath=" << store
         << "\n[SESSION]\nBeginString=FIX.4.4\nSenderCompID=" << own << "\nTargetCompID=" << peer << "\n";
    return FIX::SessionSettings(text);
}

class PingPong : public Quiet {
public:
    PingPong(std::size_t orders) : _samples(orders), _warmUp(orders / 10) {}

    void begin(const FIX::SessionID &id) {
        _id = id;
        next();
    }

    bool isDone() const { return _done.load(std::memory_order_acquire); }
    std::vector<std::int64_t> &samples() { return _samples; }

private:
    void onLogon(const FIX::SessionID &id) override { begin(id); }

    void fromApp(const FIX::Message &, const FIX::SessionID &) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::UnsupportedMessageType) override {
        std::int64_t took = nowNs() - _sent;
        if (_round >= _warmUp) _samples[_round - _warmUp] = took;
        if (++_round == _samples.size() + _warmUp) _done.store(true, std::memory_order_release);
        else next();
    }

    void next() {
        _sent = nowNs();
        _order.set(FIX::ClOrdID(std::to_string(1700000000000000000ULL + _round)));
        _order.set(FIX::TransactTime(FIX::UtcTimeStamp(), 6));
        _order.set(FIX::OrderQty(100 + static_cast<double>(_round % 100)));
        FIX::Session::sendToTarget(_order, _id);
    }

    FIX44::NewOrderSingle _order = makeOrder();
    FIX::SessionID _id;
    std::vector<std::int64_t> _samples;
    std::size_t _warmUp, _round = 0;
    std::int64_t _sent = 0;
    std::atomic<bool> _done{false};
};

int roundtrip(int port, std::size_t orders, const std::string &store) {
    PingPong application(orders);
    FIX::SessionSettings session = settings("initiator", "DESK", "VENUE", port, store);
    FIX::FileStoreFactory stores(session);
    FIX::SocketInitiator initiator(application, stores, session);
    initiator.start();
    while (!application.isDone()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    auto &samples = application.samples();
    std::sort(samples.begin(), samples.end());
    std::printf("{\"p50\": %lld, \"p99\": %lld, \"p999\": %lld}\n", static_cast<long long>(samples[orders / 2]), static_cast<long long>(samples[orders * 99 / 100]),
                static_cast<long long>(samples[orders * 999 / 1000]));
    std::fflush(stdout);
    _exit(0);
}

class Echo : public Quiet {
    void fromApp(const FIX::Message &message, const FIX::SessionID &id) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::UnsupportedMessageType) override {
        if (message.getHeader().getField(FIX::FIELD::MsgType) != "D") return;
        std::string number = std::to_string(++_number);
        FIX44::ExecutionReport report{FIX::OrderID(number), FIX::ExecID(number), FIX::ExecType('0'), FIX::OrdStatus('0'), FIX::Side('1'), FIX::LeavesQty(100), FIX::CumQty(0), FIX::AvgPx(0)};
        report.setField(FIX::FIELD::ClOrdID, message.getField(FIX::FIELD::ClOrdID));
        report.setField(FIX::FIELD::Symbol, message.getField(FIX::FIELD::Symbol));
        report.setField(FIX::FIELD::OrderQty, message.getField(FIX::FIELD::OrderQty));
        report.setField(FIX::FIELD::Price, message.getField(FIX::FIELD::Price));
        report.setField(FIX::TransactTime(FIX::UtcTimeStamp(), 6));
        FIX::Session::sendToTarget(report, id);
    }

    std::uint64_t _number = 0;
};

/// Keeps a window of orders under way; the reports' thread sends the next ones.
class Stream : public Quiet {
public:
    Stream(std::size_t orders) : _orders(orders) {}
    bool isDone() const { return _done.load(std::memory_order_acquire); }
    std::int64_t tookNs() const { return _end - _begin; }

private:
    void onLogon(const FIX::SessionID &id) override {
        _id = id;
        _begin = nowNs();
        for (int i = 0; i < 1000 && _sent < _orders; i++) next();
    }

    void fromApp(const FIX::Message &, const FIX::SessionID &) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::UnsupportedMessageType) override {
        if (++_answered == _orders) {
            _end = nowNs();
            _done.store(true, std::memory_order_release);
        } else if (_sent < _orders) {
            next();
        }
    }

    void next() {
        _order.set(FIX::ClOrdID(std::to_string(1700000000000000000ULL + _sent++)));
        _order.set(FIX::TransactTime(FIX::UtcTimeStamp(), 6));
        FIX::Session::sendToTarget(_order, _id);
    }

    FIX44::NewOrderSingle _order = makeOrder();
    FIX::SessionID _id;
    std::size_t _orders, _sent = 0, _answered = 0;
    std::int64_t _begin = 0, _end = 0;
    std::atomic<bool> _done{false};
};

int freePort() {
    int probe = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(probe, reinterpret_cast<sockaddr *>(&address), size) != 0 || getsockname(probe, reinterpret_cast<sockaddr *>(&address), &size) != 0) std::exit(1);
    close(probe);
    return ntohs(address.sin_port);
}

int sustained(std::size_t orders, const std::string &store) {
    int port = freePort();
    Echo venue;
    FIX::SessionSettings venueSession = settings("acceptor", "VENUE", "DESK", port, store + "/venue");
    FIX::FileStoreFactory venueStores(venueSession);
    FIX::SocketAcceptor acceptor(venue, venueStores, venueSession);
    acceptor.start();
    Stream desk(orders);
    FIX::SessionSettings deskSession = settings("initiator", "DESK", "VENUE", port, store + "/desk");
    FIX::FileStoreFactory deskStores(deskSession);
    FIX::SocketInitiator initiator(desk, deskStores, deskSession);
    initiator.start();
    while (!desk.isDone()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::printf("{\"messagesPerSecond\": %.0f, \"ns\": %.1f}\n", 2e9 * static_cast<double>(orders) / static_cast<double>(desk.tookNs()), static_cast<double>(desk.tookNs()) / (2.0 * static_cast<double>(orders)));
    std::fflush(stdout);
    _exit(0);
}

std::string framed(const std::string &body) {
    std::string text = "8=FIX.4.4\0019=" + std::to_string(body.size()) + "\001" + body;
    unsigned sum = 0;
    for (unsigned char c : text) sum += c;
    char trailer[8];
    std::snprintf(trailer, sizeof trailer, "10=%03u\001", sum & 255);
    return text + trailer;
}

long residentKb() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/// The plain client: logs on, asks for everything, counts what comes. It reads with large reads and looks for message ends only, so that the engine is what is measured.
int resend(int messages, const std::string &store) {
    int port = freePort();
    Quiet venue;
    FIX::SessionSettings session = settings("acceptor", "VENUE", "DESK", port, store);
    FIX::FileStoreFactory stores(session);
    {
        FIX::SessionID id("FIX.4.4", "VENUE", "DESK");
        FIX::MessageStore *filled = stores.create(id);
        for (int i = 1; i <= messages; i++) {
            std::string n = std::to_string(i);
            filled->set(i, framed("35=8\00134=" + n + "\00149=VENUE\00152=" + FIX::UtcTimeStampConvertor::convert(FIX::UtcTimeStamp(), 6) + "\00156=DESK\0016=0\00111=1700000000" + n + "\00114=0\00117=" + n + "\00137=" + n
                                      + "\00138=100\00139=0\00144=100.25\00154=1\00155=AAPL\00160=20260101-00:00:00.000000\001150=0\001151=100\001"));
        }
        filled->setNextSenderMsgSeqNum(messages + 1);
        stores.destroy(filled);
    }
    FIX::SocketAcceptor acceptor(venue, stores, session);
    acceptor.start();
    int link = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    while (connect(link, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    setsockopt(link, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    std::string time = FIX::UtcTimeStampConvertor::convert(FIX::UtcTimeStamp(), 3);
    std::string logon = framed("35=A\00134=1\00149=DESK\00152=" + time + "\00156=VENUE\00198=0\001108=600\001");
    std::string ask = framed("35=2\00134=2\00149=DESK\00152=" + time + "\00156=VENUE\0017=1\00116=" + std::to_string(messages) + "\001");
    if (send(link, logon.data(), logon.size(), MSG_NOSIGNAL) < 0) return 1;
    std::vector<char> chunk(1 << 20);
    if (recv(link, chunk.data(), chunk.size(), 0) <= 0) return 1;
    long before = residentKb();
    std::int64_t begin = nowNs();
    if (send(link, ask.data(), ask.size(), MSG_NOSIGNAL) < 0) return 1;
    // "\00110=ddd\001" ends a message, and stands nowhere else in these.
    int seen = 0, matched = 0;
    const char pattern[] = "\00110=";
    long long bytes = 0;
    while (seen < messages) {
        ssize_t got = recv(link, chunk.data(), chunk.size(), 0);
        if (got <= 0) return 1;
        bytes += got;
        for (ssize_t i = 0; i < got; i++) {
            matched = chunk[static_cast<std::size_t>(i)] == pattern[matched] ? matched + 1 : chunk[static_cast<std::size_t>(i)] == pattern[0] ? 1 : 0;
            if (matched == 4) {
                seen++;
                matched = 0;
            }
        }
    }
    std::int64_t took = nowNs() - begin;
    std::printf("{\"ns\": %.1f, \"seconds\": %.3f, \"messages\": %d, \"bytes\": %lld, \"growthKb\": %ld}\n", static_cast<double>(took) / messages, static_cast<double>(took) * 1e-9, seen, bytes, residentKb() - before);
    std::fflush(stdout);
    _exit(0);
}

}  // namespace

int main(int argc, char **argv) {
    std::string work = argc > 1 ? argv[1] : "";
    try {
        if (work == "encode" && argc == 3) return encode(std::atoi(argv[2]));
        if (work == "decode" && argc == 4) return decode(std::atoi(argv[2]), argv[3]);
        if (work == "roundtrip" && argc == 5) return roundtrip(std::atoi(argv[2]), std::strtoull(argv[3], nullptr, 10), argv[4]);
        if (work == "sustained" && argc == 4) return sustained(std::strtoull(argv[2], nullptr, 10), argv[3]);
        if (work == "resend" && argc == 4) return resend(std::atoi(argv[2]), argv[3]);
    } catch (const std::exception &e) {
        std::fprintf(stderr, "quickfix_fix: %s\n", e.what());
        return 1;
    }
    std::fprintf(stderr, "usage: quickfix_fix encode COUNT | decode COUNT FILE | roundtrip PORT ORDERS STORE | sustained ORDERS STORE | resend MESSAGES STORE\n");
    return 2;
}
