using System.Globalization;
using System.Text;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>New orders against the same message written by the runtime's formatting, byte for byte: numbers of every length, at both sides of what is made from one word.</summary>
public class OrderTextTests
{
    private static readonly InstrumentDefinition[] Instruments = [new(0, "AAPL", 10_000, 1, 100, 1, 1), new(1, "BTC", 100_000_000, 100_000_000, 1, 1, 1), new(2, "ESZ6", 1, 100, 1, 1, 1), new(3, "X", 10_000_000, 1, 1, 1, 1)];

    private readonly OrderEncoder _encoder = new(new FixHeaderTemplate("DESK", "VENUE", true), new SymbolTable(Instruments), "ACC", "15=USD\u0001");
    private readonly byte[] _buffer = new byte[1024];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_new_order_is_the_text_that_the_runtime_writes(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++)
        {
            long utcNs = FixSamples.StartUtcNs + random.NextInt64(1_000_000_000_000_000);
            Check((ushort)random.Next(4), random.Next(2) == 0 ? Side.Buy : Side.Sell, AnyLength(random, 20), 1 + (long)AnyLength(random, 10), (long)AnyLength(random, 11), (uint)AnyLength(random, 9), utcNs);
        }
    }

    [Fact]
    public void Every_four_digits_are_parted_right_wherever_they_stand()
    {
        for (uint four = 0; four < 10_000; four++)
            Check(2, Side.Buy, four * 1_000_100_010_001ul + 9_999 - four, four * 10_000 + 10_000 - four, 99_999_999 - four * 10_000, 99_990_000 - four * 9_998, FixSamples.StartUtcNs + four * 5_001_000L);
    }

    private void Check(ushort index, Side side, ulong id, long quantity, long price, uint sequence, long utcNs)
    {
        var order = new OrderIntent { Kind = OrderRequestKind.New, Side = side, TimeInForce = TimeInForce.Day, Instrument = index, ClientOrderId = id, QuantityUnits = quantity, PriceUnits = price };
        var instrument = Instruments[index];
        string time = DateTime.UnixEpoch.AddTicks(utcNs / 100).ToString("yyyyMMdd-HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
        string body = string.Create(CultureInfo.InvariantCulture, $"35=D|49=DESK|56=VENUE|34={sequence:000000000}|52={time}|1=ACC|55={instrument.Symbol}|21=1|40=2|15=USD|54={(side == Side.Buy ? 1 : 2)}|59=0|60={time}")
            + string.Create(CultureInfo.InvariantCulture, $"|11={id}|38={Decimal(quantity, instrument.QuantityUnitsPerOne)}|44={Decimal(price, instrument.PriceUnitsPerOne)}|");
        string text = string.Create(CultureInfo.InvariantCulture, $"8=FIX.4.4|9={body.Length:0000}|{body}").Replace('|', '\u0001');
        text += string.Create(CultureInfo.InvariantCulture, $"10={text.Sum(c => c) % 256:000}\u0001");
        int length = _encoder.Encode(_buffer, in order, sequence, utcNs);
        Assert.Equal(text.Replace('\u0001', '|'), Encoding.ASCII.GetString(_buffer, 0, length).Replace('\u0001', '|'));
    }

    private static string Decimal(long units, long unitsPerOne) => ((decimal)units / unitsPerOne).ToString("0.############", CultureInfo.InvariantCulture);

    /// <summary>Numbers of up to so many digits, each length as often; powers of ten and their neighbours among them.</summary>
    private static ulong AnyLength(Random random, int digits)
    {
        int length = random.Next(digits);
        ulong power = 1;
        for (int i = 0; i < length; i++) power *= 10;
        return random.Next(8) switch { 0 => power, 1 => power - 1, _ => power + (ulong)random.NextInt64((long)Math.Min(power * 8 + 1, long.MaxValue / 2)) };
    }
}
