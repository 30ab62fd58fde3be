using System.Text;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

public class CodecTests
{
    private readonly byte[] _buffer = new byte[FixMessageWriter.MinimumBuffer];

    /// <summary>Length (characters from "35=" up to "10=") and checksum were computed by a script in another language over the text as written here.</summary>
    [Fact]
    public void A_new_order_is_the_message_checked_by_hand()
    {
        var encoder = new OrderEncoder(FixSamples.Header(), FixSamples.Symbols(), "HEDGE1");
        var order = new OrderIntent { Kind = OrderRequestKind.New, Side = Side.Buy, TimeInForce = TimeInForce.ImmediateOrCancel, Instrument = 0, PriceUnits = 1_872_500, QuantityUnits = 300, ClientOrderId = 1_000_000_007 };
        int length = encoder.Encode(_buffer, in order, 42, FixSamples.StartUtcNs + 123_456_789);
        Assert.Equal(
            "8=FIX.4.4|9=0153|35=D|49=DESK|56=VENUE|34=000000042|52=20231114-22:13:20.123|1=HEDGE1|55=AAPL|21=1|40=2|54=1|59=3|60=20231114-22:13:20.123|11=1000000007|38=300|44=187.25|10=230|",
            FixSamples.Show(_buffer.AsSpan(0, length)));
    }

    [Fact]
    public void Cancel_and_replace_name_both_identifiers_and_the_quantity()
    {
        var encoder = new OrderEncoder(FixSamples.Header(true), FixSamples.Symbols(), "");
        var cancel = new OrderIntent { Kind = OrderRequestKind.Cancel, Side = Side.Sell, Instrument = 1, ClientOrderId = 12, OriginalClientOrderId = 11, QuantityUnits = 150_000_000 };
        int length = encoder.Encode(_buffer, in cancel, 7, FixSamples.StartUtcNs + 1_000);
        FixSamples.AssertSound(_buffer.AsSpan(0, length));
        Assert.Contains("|35=F|", FixSamples.Show(_buffer.AsSpan(0, length)), StringComparison.Ordinal);
        Assert.Contains("|55=BTCUSDT|54=2|60=20231114-22:13:20.000001|11=12|41=11|38=1.5|10=", FixSamples.Show(_buffer.AsSpan(0, length)), StringComparison.Ordinal);

        var replace = new OrderIntent { Kind = OrderRequestKind.Amend, Side = Side.Sell, TimeInForce = TimeInForce.GoodTillCancel, Instrument = 2, ClientOrderId = 13, OriginalClientOrderId = 12, QuantityUnits = 2, PriceUnits = -75 };
        length = encoder.Encode(_buffer, in replace, 8, FixSamples.StartUtcNs);
        FixSamples.AssertSound(_buffer.AsSpan(0, length));
        Assert.Contains("|55=ESZ6|21=1|40=2|54=2|59=1|60=20231114-22:13:20.000000|11=13|41=12|38=2|44=-0.75|10=", FixSamples.Show(_buffer.AsSpan(0, length)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void Every_order_comes_back_as_it_was(int seed)
    {
        var random = new Random(seed);
        var symbols = FixSamples.Symbols();
        var header = FixSamples.Header(true);
        var encoder = new OrderEncoder(header, symbols, "ACC");
        for (int i = 0; i < 5_000; i++)
        {
            ushort instrument = (ushort)random.Next(3);
            var order = new OrderIntent
            {
                Kind = (OrderRequestKind)random.Next(1, 4), Side = (Side)random.Next(1, 3), TimeInForce = (TimeInForce)random.Next(4), Instrument = instrument,
                PriceUnits = random.NextInt64(1, 1L << random.Next(1, 43)), QuantityUnits = random.NextInt64(1, 1L << random.Next(1, 43)),
                ClientOrderId = (ulong)random.NextInt64(1, 1L << random.Next(1, 63)), OriginalClientOrderId = (ulong)random.NextInt64(1, 1L << random.Next(1, 63)),
            };
            long utcNs = FixSamples.StartUtcNs + random.NextInt64(0, 1_000_000_000_000_000) / 1000 * 1000;
            uint sequence = (uint)random.Next(1, 999_999_999);
            int length = encoder.Encode(_buffer, in order, sequence, utcNs);
            var message = _buffer.AsSpan(0, length);
            FixSamples.AssertSound(message);
            Assert.Equal(FrameStatus.Complete, FixFramer.Next(message, 4096, out int framed));
            Assert.Equal(length, framed);
            var read = FixHeader.Read(message);
            Assert.Equal((-1, sequence, utcNs), (read.RejectReason, read.Sequence, read.SendingTimeUtcNs));
            Assert.True(read.BeginString(message).SequenceEqual("FIX.4.4"u8) && !read.PossDup);
            Assert.True(read.Sender(message).SequenceEqual("DESK"u8) && read.Target(message).SequenceEqual("VENUE"u8));
            switch (order.Kind)
            {
                case OrderRequestKind.New:
                    Assert.True(RequestDecoder.NewOrder(message, in read, symbols, out var request).IsNone);
                    Assert.Equal((order.Instrument, order.Side, order.TimeInForce, FixOrderType.Limit, order.PriceUnits, order.QuantityUnits, utcNs, "ACC"),
                        (request.Instrument, request.Side, request.TimeInForce, request.OrderType, request.PriceUnits, request.QuantityUnits, request.TransactTimeUtcNs, request.Account.ToString()));
                    Assert.True(request.ClientOrderId.TryGetNumber(out ulong id) && id == order.ClientOrderId);
                    break;
                case OrderRequestKind.Cancel:
                    Assert.True(RequestDecoder.Cancel(message, in read, symbols, out var cancel).IsNone);
                    Assert.Equal((order.Instrument, order.Side), (cancel.Instrument, cancel.Side));
                    Assert.True(cancel.OriginalClientOrderId.TryGetNumber(out ulong original) && original == order.OriginalClientOrderId);
                    break;
                default:
                    Assert.True(RequestDecoder.Replace(message, in read, symbols, out var replace).IsNone);
                    Assert.Equal((order.PriceUnits, order.QuantityUnits), (replace.PriceUnits, replace.QuantityUnits));
                    Assert.True(replace.ClientOrderId.TryGetNumber(out id) && id == order.ClientOrderId);
                    break;
            }
        }
    }

    [Fact]
    public void The_longest_order_fits_the_buffer_with_identifiers_of_the_highest_epoch()
    {
        // Nineteen digits: an epoch of seconds, or the highest that the gate takes.
        foreach (ulong epoch in new[] { 1_800_000_000ul, 9_000_000_000ul })
        {
            string name = new('X', FixText.MaxLength);
            var symbols = new SymbolTable([new InstrumentDefinition(0, name, 1_000_000_000_000, 1_000_000_000_000, 1, 1, 1.0)]);
            var encoder = new OrderEncoder(new FixHeaderTemplate(name, name, microseconds: true), symbols, name);
            ulong id = epoch * OrderLog.IdsPerEpoch + 999_999_999;
            var amend = new OrderIntent { Kind = OrderRequestKind.Amend, Side = Side.Sell, TimeInForce = TimeInForce.Day, ClientOrderId = id, OriginalClientOrderId = id - 1, QuantityUnits = long.MaxValue, PriceUnits = -long.MaxValue };
            int length = encoder.Encode(_buffer, in amend, uint.MaxValue >> 2, FixSamples.StartUtcNs);
            FixSamples.AssertSound(_buffer.AsSpan(0, length));
            var fields = FixSamples.Fields(_buffer.AsSpan(0, length));
            Assert.Contains((FixTag.ClOrdID, id.ToString(System.Globalization.CultureInfo.InvariantCulture)), fields);
            Assert.Contains((FixTag.OrigClOrdID, (id - 1).ToString(System.Globalization.CultureInfo.InvariantCulture)), fields);
            Assert.True(FixText.FromNumber(id).TryGetNumber(out ulong back) && back == id);
            Assert.True(FixNumber.TryParseUnsigned(System.Text.Encoding.ASCII.GetBytes(id.ToString(System.Globalization.CultureInfo.InvariantCulture)), out back) && back == id);
        }
    }

    [Fact]
    public void An_execution_report_is_the_message_checked_by_hand_and_reads_back()
    {
        var report = new ExecutionReportMessage
        {
            OrderId = 900, ExecutionId = 901, ClientOrderId = FixText.FromNumber(1_000_000_007), Instrument = 0, Side = Side.Sell, TimeInForce = TimeInForce.Day,
            Kind = ExecutionKind.Trade, Status = OrderStatus.PartiallyFilled, AddedLiquidity = true, OrderQuantityUnits = 300, PriceUnits = 1_872_500,
            LastQuantityUnits = 100, LastPriceUnits = 1_872_501, LeavesQuantityUnits = 200, CumulativeQuantityUnits = 100, AveragePriceUnits = 1_872_501, TransactTimeUtcNs = FixSamples.StartUtcNs,
        };
        int length = ReportEncoder.ExecutionReport(_buffer, FixSamples.Header(), FixSamples.Symbols(), in report, 3, FixSamples.StartUtcNs);
        var message = _buffer.AsSpan(0, length);
        FixSamples.AssertSound(message);
        Assert.Equal(
            "8=FIX.4.4|9=0210|35=8|49=DESK|56=VENUE|34=000000003|52=20231114-22:13:20.000|37=900|17=901|11=1000000007|150=F|39=1|55=AAPL|54=2|59=0|38=300|44=187.25|32=100|31=187.2501|851=1|151=200|14=100|6=187.2501|60=20231114-22:13:20.000|10=180|",
            FixSamples.Show(message));
        var header = FixHeader.Read(message);
        var decoded = ReportDecoder.ExecutionReport(message, header.BodyStart);
        Assert.Equal(-1, decoded.Problem);
        Assert.Equal((ExecutionKind.Trade, OrderStatus.PartiallyFilled, Side.Sell, true), (decoded.Kind, decoded.Status, decoded.Side, decoded.AddedLiquidity));
        Assert.Equal("1000000007 187.2501 100 100", string.Join(' ', Encoding.ASCII.GetString(decoded.ClientOrderId), Encoding.ASCII.GetString(decoded.LastPrice), Encoding.ASCII.GetString(decoded.LastQuantity), Encoding.ASCII.GetString(decoded.CumulativeQuantity)));
    }

    [Fact]
    public void Every_execution_kind_and_status_survives_the_wire()
    {
        foreach (var kind in Enum.GetValues<ExecutionKind>().Where(k => k is not (ExecutionKind.None or ExecutionKind.CancelRejected or ExecutionKind.AmendRejected or ExecutionKind.BusinessRejected or ExecutionKind.SessionRejected)))
            Assert.Equal(kind, FixEnums.ExecutionKindOf(FixEnums.ExecTypeCode(kind)));
        foreach (var status in Enum.GetValues<OrderStatus>().Where(s => s != OrderStatus.Unknown))
            Assert.Equal(status, FixEnums.StatusOf(FixEnums.StatusCode(status)));
        foreach (var timeInForce in Enum.GetValues<TimeInForce>())
            Assert.True(FixEnums.TryTimeInForce(FixEnums.TimeInForceCode(timeInForce), out var back) && back == timeInForce);
    }

    [Fact]
    public void Session_messages_carry_their_fields()
    {
        var header = FixSamples.Header();
        const long utc = FixSamples.StartUtcNs;
        string[] cases =
        [
            "|35=A|*|98=0|108=30|141=Y|553=me|",
            "|35=0|*|112=T1|",
            "|35=1|*|112=9|",
            "|35=2|*|7=5|16=0|",
            "|35=4|*|43=Y|122=20231114-22:13:20.000|36=9|123=Y|",
            "|35=4|*|36=9|",
            "|35=3|*|45=3|58=a b|371=44|372=D|373=5|",
            "|35=j|*|45=3|372=AE|379=77|380=3|",
            "|35=5|*|58=bye|",
        ];
        for (int i = 0; i < cases.Length; i++)
        {
            string expected = cases[i];
            int length = i switch
            {
                0 => AdminMessages.Logon(_buffer, header, 1, utc, new LogonFields { HeartbeatSeconds = 30, ResetSequenceNumbers = true, Extra = "553=me\u0001"u8 }),
                1 => AdminMessages.Heartbeat(_buffer, header, 2, utc, "T1"u8),
                2 => AdminMessages.TestRequest(_buffer, header, 3, utc, "9"u8),
                3 => AdminMessages.ResendRequest(_buffer, header, 4, utc, 5, 0),
                4 => AdminMessages.SequenceReset(_buffer, header, 5, utc, 9, true),
                5 => AdminMessages.SequenceReset(_buffer, header, 5, utc, 9, false),
                6 => AdminMessages.Reject(_buffer, header, 6, utc, 3, 44, FixMsgType.NewOrderSingle, 5, "a\u0001b"u8, default),
                7 => AdminMessages.BusinessMessageReject(_buffer, header, 7, utc, 3, 'A' | 'E' << 8, "77"u8, 3, default),
                _ => AdminMessages.Logout(_buffer, header, 8, utc, "bye"u8),
            };
            var message = _buffer.AsSpan(0, length);
            FixSamples.AssertSound(message);
            string shown = FixSamples.Show(message);
            Assert.Equal(expected.Split('*')[0], shown[shown.IndexOf("|35=", StringComparison.Ordinal)..][..6]);
            Assert.Contains(expected.Split('*')[1] + "10=", shown, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_resent_message_has_its_body_and_both_times()
    {
        var header = FixSamples.Header();
        byte[] stored = FixSamples.Message("35=8|49=DESK|56=VENUE|34=9|52=20231114-22:13:20.000|37=1|17=2|58=x|");
        int length = AdminMessages.Resend(_buffer, header, stored, FixSamples.StartUtcNs + 5_000_000_000);
        FixSamples.AssertSound(_buffer.AsSpan(0, length));
        Assert.Contains("|34=000000009|52=20231114-22:13:25.000|43=Y|122=20231114-22:13:20.000|37=1|17=2|58=x|10=", FixSamples.Show(_buffer.AsSpan(0, length)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0, "0")]
    [InlineData(1_872_500, 4, "187.25")]
    [InlineData(1, 4, "0.0001")]
    [InlineData(-30_000, 4, "-3")]
    [InlineData(-5, 1, "-0.5")]
    [InlineData(5_000_000_000_001, 12, "5.000000000001")]
    [InlineData(long.MaxValue, 8, "92233720368.54775807")]
    [InlineData(long.MinValue, 8, "-92233720368.54775808")]
    public void Units_become_exact_decimal_text(long units, int decimals, string expected)
    {
        int length = FixNumber.WriteDecimal(_buffer, units, decimals);
        Assert.Equal(expected, Encoding.ASCII.GetString(_buffer, 0, length));
    }

    [Theory]
    [InlineData("187.25", 4, 1_872_500, DecimalParse.Exact)]
    [InlineData("0187.250000000000000000", 4, 1_872_500, DecimalParse.Exact)]
    [InlineData(".5", 1, 5, DecimalParse.Exact)]
    [InlineData("-12.", 0, -12, DecimalParse.Exact)]
    [InlineData("1.00005", 4, 10_001, DecimalParse.Rounded)]
    [InlineData("-1.00004", 4, -10_000, DecimalParse.Rounded)]
    [InlineData("", 4, 0, DecimalParse.Malformed)]
    [InlineData(".", 4, 0, DecimalParse.Malformed)]
    [InlineData("-", 4, 0, DecimalParse.Malformed)]
    [InlineData("1e5", 4, 0, DecimalParse.Malformed)]
    [InlineData("1.2.3", 4, 0, DecimalParse.Malformed)]
    [InlineData("+1", 4, 0, DecimalParse.Malformed)]
    [InlineData("99999999999999999999", 0, 0, DecimalParse.Malformed)]
    [InlineData("9223372036854775807", 4, 0, DecimalParse.Malformed)]
    public void Decimal_text_becomes_units_or_says_why_not(string text, int decimals, long expected, DecimalParse outcome)
    {
        Assert.Equal(outcome, FixNumber.ParseDecimal(Encoding.ASCII.GetBytes(text), decimals, out long units));
        if (outcome != DecimalParse.Malformed) Assert.Equal(expected, units);
    }

    [Theory]
    [InlineData(3)]
    public void Decimals_agree_with_the_runtimes_decimal_type(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++)
        {
            int decimals = random.Next(13);
            long units = random.NextInt64(-(1L << random.Next(1, 62)), 1L << random.Next(1, 62));
            int length = FixNumber.WriteDecimal(_buffer, units, decimals);
            decimal expected = new(units);
            for (int d = 0; d < decimals; d++) expected /= 10;
            Assert.Equal(expected, decimal.Parse(Encoding.ASCII.GetString(_buffer, 0, length), System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal(DecimalParse.Exact, FixNumber.ParseDecimal(_buffer.AsSpan(0, length), decimals, out long back));
            Assert.Equal(units, back);
        }
    }

    [Fact]
    public void Timestamps_agree_with_the_runtime_over_minutes_days_and_leap_years()
    {
        var random = new Random(4);
        var milli = new FixTimestamp(false);
        var micro = new FixTimestamp(true);
        for (int i = 0; i < 20_000; i++)
        {
            var time = DateTime.UnixEpoch.AddTicks(random.NextInt64(0, TimeSpan.TicksPerDay * 365 * 200));
            if (i % 7 == 0) time = new DateTime(2024, 2, 29, 23, 59, 59, DateTimeKind.Utc).AddTicks(random.Next(30_000_000));
            long utcNs = (time - DateTime.UnixEpoch).Ticks * 100;
            milli.Write(_buffer, utcNs);
            Assert.Equal(time.ToString("yyyyMMdd-HH:mm:ss.fff", System.Globalization.CultureInfo.InvariantCulture), Encoding.ASCII.GetString(_buffer, 0, 21));
            Assert.True(FixTimestamp.TryParse(_buffer.AsSpan(0, 21), out long back));
            Assert.Equal(utcNs / 1_000_000 * 1_000_000, back);
            micro.Write(_buffer, utcNs);
            Assert.Equal(time.ToString("yyyyMMdd-HH:mm:ss.ffffff", System.Globalization.CultureInfo.InvariantCulture), Encoding.ASCII.GetString(_buffer, 0, 24));
            Assert.True(FixTimestamp.TryParse(_buffer.AsSpan(0, 24), out back));
            Assert.Equal(utcNs / 1000 * 1000, back);
        }
    }

    [Theory]
    [InlineData("20230229-00:00:00")]
    [InlineData("20231301-00:00:00")]
    [InlineData("20231114-24:00:00")]
    [InlineData("20231114 22:13:20")]
    [InlineData("20231114-22:13")]
    [InlineData("20231114-22:13:20.")]
    [InlineData("20231114-22:13:2x.000")]
    [InlineData("00000000-00:00:00")]
    public void Wrong_timestamps_are_refused(string text) => Assert.False(FixTimestamp.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void The_vector_checksum_is_the_plain_sum_at_every_length()
    {
        byte[] bytes = new byte[300];
        new Random(5).NextBytes(bytes);
        for (int length = 0; length <= bytes.Length; length++)
            Assert.Equal((byte)bytes.Take(length).Sum(b => b), FixChecksum.Sum(bytes.AsSpan(0, length)));
        Assert.Equal(300 * 255 % 256, FixChecksum.Sum(Enumerable.Repeat((byte)255, 300).ToArray()));
    }

    [Fact]
    public void A_data_field_may_hold_separators()
    {
        var fields = new FixFieldReader("95=5\u000196=a\u0001b=c\u000158=x\u0001"u8);
        Assert.True(fields.Read(out int tag, out _) && tag == 95);
        Assert.True(fields.Read(out tag, out var value) && tag == 96 && value.SequenceEqual("a\u0001b=c"u8));
        Assert.True(fields.Read(out tag, out value) && tag == 58 && value.SequenceEqual("x"u8));
        Assert.False(fields.Read(out _, out _));
        Assert.False(fields.Malformed);
    }

    [Fact]
    public void Header_faults_are_named()
    {
        (string Body, int Reason, int Tag)[] cases =
        [
            ("35=0|34=1|49=A|56=B|52=20231114-22:13:20|", -1, 0),
            ("35=0|34=1|56=B|52=20231114-22:13:20|", SessionRejectReason.RequiredTagMissing, 49),
            ("35=0|34=1|49=A|56=B|", SessionRejectReason.RequiredTagMissing, 52),
            ("35=0|34=1|49=A|56=B|52=yesterday|", SessionRejectReason.IncorrectDataFormat, 52),
            ("35=0|34=1|34=2|49=A|56=B|52=20231114-22:13:20|", SessionRejectReason.TagAppearsMoreThanOnce, 34),
            ("35=0|34=1|49=|56=B|52=20231114-22:13:20|", SessionRejectReason.TagWithoutValue, 49),
            ("35=0|34=1|49=A|56=B|52=20231114-22:13:20|43=X|", SessionRejectReason.IncorrectDataFormat, 43),
            ("35=0|34=1|49=A|56=B|52=20231114-22:13:20|x=1|", SessionRejectReason.InvalidTag, 0),
        ];
        foreach (var (body, reason, tag) in cases)
        {
            byte[] message = FixSamples.Message(body);
            Assert.Equal(FrameStatus.Complete, FixFramer.Next(message, 4096, out _));
            var header = FixHeader.Read(message);
            Assert.Equal((body, reason, tag), (body, header.RejectReason, header.RejectTag));
        }
        Assert.False(FixHeader.Read(FixSamples.Message("35=0|34=x|49=A|56=B|52=20231114-22:13:20|")).HasSequence);
        byte[] older = FixSamples.Message("35=0|34=0|49=A|56=B|52=20231114-22:13:20|", "FIX.4.2");
        var read = FixHeader.Read(older);
        Assert.True(read.HasSequence && read.Sequence == 0 && read.BeginString(older).SequenceEqual("FIX.4.2"u8));
    }
}
