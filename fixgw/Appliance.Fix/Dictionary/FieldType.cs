namespace Appliance.Fix;

/// <summary>The data types of FIX fields, as far as their text can be checked.</summary>
public enum FixFieldType : byte
{
    /// <summary>Any text: also every type whose values have no syntax of their own (currency, exchange, country).</summary>
    Text, Int, DayOfMonth, Decimal, Char, Boolean, UtcTimestamp, UtcTimeOnly, Date, MonthYear, MultipleValue, MultipleChar, GroupCount, Data,
}

/// <summary>Which dictionary type names mean which <see cref="FixFieldType"/>, and whether a text is of a type.</summary>
public static class FixFieldTypes
{
    private static readonly Dictionary<string, FixFieldType> ByName = new()
    {
        ["INT"] = FixFieldType.Int, ["LENGTH"] = FixFieldType.Int, ["SEQNUM"] = FixFieldType.Int, ["TAGNUM"] = FixFieldType.Int,
        ["NUMINGROUP"] = FixFieldType.GroupCount, ["DAYOFMONTH"] = FixFieldType.DayOfMonth,
        ["FLOAT"] = FixFieldType.Decimal, ["PRICE"] = FixFieldType.Decimal, ["PRICEOFFSET"] = FixFieldType.Decimal, ["QTY"] = FixFieldType.Decimal,
        ["QUANTITY"] = FixFieldType.Decimal, ["AMT"] = FixFieldType.Decimal, ["PERCENTAGE"] = FixFieldType.Decimal,
        ["CHAR"] = FixFieldType.Char, ["BOOLEAN"] = FixFieldType.Boolean,
        ["UTCTIMESTAMP"] = FixFieldType.UtcTimestamp, ["TIME"] = FixFieldType.UtcTimestamp, ["UTCTIMEONLY"] = FixFieldType.UtcTimeOnly,
        ["UTCDATE"] = FixFieldType.Date, ["UTCDATEONLY"] = FixFieldType.Date, ["LOCALMKTDATE"] = FixFieldType.Date, ["DATE"] = FixFieldType.Date,
        ["MONTHYEAR"] = FixFieldType.MonthYear,
        ["MULTIPLEVALUESTRING"] = FixFieldType.MultipleValue, ["MULTIPLESTRINGVALUE"] = FixFieldType.MultipleValue, ["MULTIPLECHARVALUE"] = FixFieldType.MultipleChar,
        ["DATA"] = FixFieldType.Data, ["XMLDATA"] = FixFieldType.Data,
    };

    /// <summary>The type of that name in a dictionary; a name that is not known is text, as a venue's own types are.</summary>
    public static FixFieldType Of(string name) => ByName.GetValueOrDefault(name, FixFieldType.Text);

    /// <summary>Whether the text, which is not empty, has the type's syntax.</summary>
    public static bool Accepts(FixFieldType type, ReadOnlySpan<byte> text) => type switch
    {
        FixFieldType.Int => IsInteger(text),
        FixFieldType.GroupCount => text.Length <= 9 && IsDigits(text),
        FixFieldType.DayOfMonth => IsInteger(text) && FixNumber.TryParseUnsigned(text, out uint day) && day is >= 1 and <= 31,
        FixFieldType.Decimal => IsDecimal(text),
        FixFieldType.Char => text.Length == 1,
        FixFieldType.Boolean => text is [(byte)'Y' or (byte)'N'],
        FixFieldType.UtcTimestamp => FixTimestamp.TryParse(text, out _),
        FixFieldType.UtcTimeOnly => IsTime(text),
        FixFieldType.Date => IsDate(text),
        FixFieldType.MonthYear => IsMonthYear(text),
        FixFieldType.MultipleChar => AreSingleCharacters(text),
        _ => true,
    };

    private static bool IsDigits(ReadOnlySpan<byte> text) => text.Length > 0 && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9');

    private static bool IsInteger(ReadOnlySpan<byte> text) => IsDigits(text.Length > 0 && text[0] == (byte)'-' ? text[1..] : text);

    private static bool IsDecimal(ReadOnlySpan<byte> text)
    {
        if (text.Length > 0 && text[0] == (byte)'-') text = text[1..];
        int point = text.IndexOf((byte)'.');
        if (point < 0)
            return IsDigits(text);
        var whole = text[..point];
        var fraction = text[(point + 1)..];
        return whole.Length + fraction.Length > 0 && (whole.IsEmpty || IsDigits(whole)) && (fraction.IsEmpty || IsDigits(fraction));
    }

    private static bool Two(ReadOnlySpan<byte> text, int low, int high)
    {
        uint tens = (uint)text[0] - '0', ones = (uint)text[1] - '0';
        return tens <= 9 && ones <= 9 && tens * 10 + ones >= low && tens * 10 + ones <= high;
    }

    private static bool IsTime(ReadOnlySpan<byte> text)
    {
        if (text.Length < 8 || text[2] != (byte)':' || text[5] != (byte)':' || !Two(text, 0, 23) || !Two(text[3..], 0, 59) || !Two(text[6..], 0, 60))
            return false;
        return text.Length == 8 || text[8] == (byte)'.' && text.Length is >= 10 and <= 18 && IsDigits(text[9..]);
    }

    private static bool IsDate(ReadOnlySpan<byte> text)
    {
        if (text.Length != 8 || !IsDigits(text))
            return false;
        int year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
        int month = (text[4] - '0') * 10 + (text[5] - '0'), day = (text[6] - '0') * 10 + (text[7] - '0');
        return year >= 1 && month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month);
    }

    private static bool IsMonthYear(ReadOnlySpan<byte> text)
    {
        if (text.Length is not (6 or 8) || !IsDigits(text[..4]) || !Two(text[4..], 1, 12))
            return false;
        return text.Length == 6 || text[6] == (byte)'w' && text[7] is >= (byte)'1' and <= (byte)'5' || Two(text[6..], 1, 31);
    }

    /// <summary>Single characters with one blank between each.</summary>
    private static bool AreSingleCharacters(ReadOnlySpan<byte> text)
    {
        if (text.Length % 2 == 0)
            return false;
        for (int i = 1; i < text.Length; i += 2)
            if (text[i] != (byte)' ') return false;
        return true;
    }
}
