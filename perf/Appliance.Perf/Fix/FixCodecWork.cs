using System.Diagnostics;
using System.Globalization;
using System.Text;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Perf.Fix;

/// <summary>Our side of the codec contests: a NewOrderSingle with 12 business fields written, an ExecutionReport of 30 fields framed, checked and read into units.</summary>
internal sealed class FixCodecWork
{
    public const int OrderFields = 12, ReportFields = 30;
    private const int Reports = 256;

    private static readonly InstrumentDefinition[] Instruments = [new(0, "AAPL", 100, 1, 1, 1, 1)];
    private readonly SymbolTable _symbols = new(Instruments);
    private readonly OrderEncoder _encoder;
    private readonly byte[] _buffer = GC.AllocateArray<byte>(1024, pinned: true);
    private readonly FixMessageReader _reader = new();
    private readonly byte[][] _reports = new byte[Reports][];

    public FixCodecWork()
    {
        _encoder = new OrderEncoder(new FixHeaderTemplate("DESK", "VENUE", microseconds: true), _symbols, "DESK1", "15=USD\u0001528=P\u0001");
        for (int i = 0; i < Reports; i++) _reports[i] = Report(i);
    }

    /// <summary>30 fields in all, as a venue's partial fill has them.</summary>
    private static byte[] Report(int i)
    {
        string n = i.ToString(CultureInfo.InvariantCulture), price = (100 + i % 50 * 0.01).ToString("F2", CultureInfo.InvariantCulture), last = (10 + i % 7).ToString(CultureInfo.InvariantCulture);
        string body = $"35=8|49=VENUE|56=DESK|34={1000 + i}|52=20261121-15:30:00.{i:000}123|37=ORDER{n}|17=EXEC{n}|11={1_700_000_000_000_000_000UL + (ulong)i}|150=F|39=1|1=DESK1|55=AAPL|54=1|38=500|40=2|44={price}|15=USD|59=0|32={last}|31={price}"
            + $"|30=XNAS|151={500 - 10 - i % 7}|14={last}|6={price}|60=20261121-15:30:00.{i:000}100|851=1|528=P|";
        body = body.Replace('|', '\u0001');
        string text = $"8=FIX.4.4\u00019={body.Length}\u0001{body}";
        return Encoding.ASCII.GetBytes($"{text}10={Encoding.ASCII.GetBytes(text).Sum(b => b) & 255:000}\u0001");
    }

    /// <summary>One message a line: what the peer reads.</summary>
    public void WriteReports(string file)
    {
        using var to = File.Create(file);
        foreach (byte[] report in _reports)
        {
            to.Write(report);
            to.WriteByte((byte)'\n');
        }
    }

    /// <returns>Nanoseconds a message.</returns>
    public double Encode(int count, out double bytes)
    {
        Encode(count / 10 + 1);
        long start = Stopwatch.GetTimestamp();
        long sum = Encode(count);
        double ns = Stopwatch.GetElapsedTime(start).TotalNanoseconds / count;
        bytes = (double)sum / count;
        return ns;
    }

    private long Encode(int count)
    {
        long sum = 0;
        long utcNs = 1_795_000_000_000_000_000;
        var intent = new OrderIntent { Kind = OrderRequestKind.New, Side = Side.Buy, TimeInForce = TimeInForce.Day };
        for (int i = 0; i < count; i++)
        {
            intent.ClientOrderId = 1_700_000_000_000_000_000UL + (uint)i;
            intent.QuantityUnits = 100 + i % 100;
            intent.PriceUnits = 10_025 + i % 50;
            // A microsecond on, so that each message bears a time of its own.
            utcNs += 1_000;
            sum += _encoder.Encode(_buffer, in intent, (uint)i + 1, utcNs);
        }
        return sum;
    }

    /// <summary>The last order written, for a look at its fields.</summary>
    public byte[] Order()
    {
        var intent = new OrderIntent { Kind = OrderRequestKind.New, Side = Side.Buy, TimeInForce = TimeInForce.Day, ClientOrderId = 1_700_000_000_000_000_000UL, QuantityUnits = 100, PriceUnits = 10_025 };
        return _buffer[.._encoder.Encode(_buffer, in intent, 1, 1_795_000_000_000_000_000)];
    }

    public double Decode(int count, out double sum)
    {
        Decode(count / 10 + 1);
        long start = Stopwatch.GetTimestamp();
        sum = Decode(count);
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / count;
    }

    private double Decode(int count)
    {
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> stream = _reports[i % Reports];
            if (_reader.Next(stream, 8192, out int length) != FrameStatus.Complete) throw new InvalidOperationException("a report is not framed");
            var message = stream[..length];
            _reader.Header(message, out var header);
            ReportDecoder.ExecutionReport(message, in header, out var report);
            int instrument = _symbols.Find(report.Symbol);
            FixNumber.ParseDecimal(report.LastPrice, _symbols.PriceDecimals[instrument], out long price);
            FixNumber.ParseDecimal(report.LastQuantity, _symbols.QuantityDecimals[instrument], out long quantity);
            FixNumber.ParseDecimal(report.CumulativeQuantity, _symbols.QuantityDecimals[instrument], out long cumulative);
            FixNumber.TryParseUnsigned(report.ClientOrderId, out ulong id);
            // The peer's sum: numbers, lengths of identifiers, codes.
            sum += price / 100.0 + quantity + cumulative + 19 + report.Symbol.Length + report.OrderId.Length + report.ExecutionId.Length + (byte)'F' + (byte)'1' + (byte)'1';
            if (id == 0 || report.Problem >= 0 || header.Sequence == 0 || report.Kind != ExecutionKind.Trade || report.Status != OrderStatus.PartiallyFilled || report.Side != Side.Buy)
                throw new InvalidOperationException("a report is not read right");
        }
        return sum;
    }
}
