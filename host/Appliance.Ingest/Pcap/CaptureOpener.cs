using Appliance.Contract;
using Appliance.Ingest.Binance;
using Appliance.Ingest.Deep;
using Appliance.Ingest.Itch;
using Appliance.Ingest.Mold;

namespace Appliance.Ingest.Pcap;

/// <summary>Opens a capture file as the source that its bytes, or the options, say it is.</summary>
public static class CaptureOpener
{
    public const string Allowed = "pcap or pcapng of ITCH 5.0 over MoldUDP64 (pcap-itch) or of IEX DEEP 1.0 over IEX-TP (pcap-deep), raw ITCH 5.0 (itch-file), or lines of a receive time and Binance JSON (binance-json), each plain or gzip";

    /// <exception cref="CaptureFormatException">The file is none of these, or not what the options say.</exception>
    public static ITickSource Open<TSink, TClock>(CaptureOptions options, SymbolMap symbols, TSink sink, TClock clock)
        where TSink : struct, IEventSink
        where TClock : struct, IMonotonicClock
    {
        CaptureKind kind = KindOf(options);
        return kind switch
        {
            CaptureKind.PcapItch => new PcapSource<TSink, TClock, MoldItchDecoder>(options, new MoldItchDecoder(symbols, options.Feed), sink, clock),
            CaptureKind.PcapDeep => new PcapSource<TSink, TClock, IexDeepDecoder>(options, new IexDeepDecoder(symbols, options.Feed), sink, clock),
            CaptureKind.ItchFile => new ItchFileSource<TSink, TClock>(options with { Feed = DateByName(options) }, symbols, sink, clock),
            CaptureKind.JsonLines => new BinanceCaptureSource<TSink, TClock>(
                BinanceCapture.Open(options.Path), new BinanceCaptureOptions(options.Source, options.TimerPeriodMs, options.Speed), symbols, sink, clock),
            _ => throw new CaptureFormatException(options.Path, "an unknown kind of capture", Allowed),
        };
    }

    /// <summary>What the options name, else what the file's bytes say.</summary>
    public static CaptureKind KindOf(CaptureOptions options)
    {
        if (!File.Exists(options.Path))
            throw new CaptureFormatException(options.Path, "no such file", Allowed);
        if (options.Kind is { } name)
        {
            return CaptureSniffer.TryParse(name, out CaptureKind named)
                ? named
                : throw new CaptureFormatException(options.Path, $"the kind '{name}' was asked for", Allowed);
        }
        CaptureKind kind = CaptureSniffer.Sniff(options.Path, out string seen);
        return kind != CaptureKind.Unknown ? kind : throw new CaptureFormatException(options.Path, $"seen: {seen}", Allowed);
    }

    private static FeedOptions DateByName(CaptureOptions options) =>
        options.Feed.MidnightUtcNs < 0 && ExchangeDay.TryFromFileName(options.Path, out long midnightUtcNs)
            ? options.Feed with { MidnightUtcNs = midnightUtcNs }
            : options.Feed;
}
