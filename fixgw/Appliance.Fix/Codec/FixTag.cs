namespace Appliance.Fix;

/// <summary>The tags that this project reads or writes, by their names in the specification.</summary>
public static class FixTag
{
    public const int Account = 1, AvgPx = 6, BeginSeqNo = 7, BeginString = 8, BodyLength = 9, CheckSum = 10, ClOrdID = 11, CumQty = 14, EndSeqNo = 16,
        ExecID = 17, ExecRefID = 19, ExecTransType = 20, HandlInst = 21, LastPx = 31, LastQty = 32, MsgSeqNum = 34, MsgType = 35, NewSeqNo = 36, OrderID = 37, OrderQty = 38, OrdStatus = 39,
        OrdType = 40, OrigClOrdID = 41, PossDupFlag = 43, Price = 44, RefSeqNum = 45, SenderCompID = 49, SenderSubID = 50, SendingTime = 52, Side = 54,
        Symbol = 55, TargetCompID = 56, TargetSubID = 57, Text = 58, TimeInForce = 59, TransactTime = 60, Signature = 89, SecureDataLen = 90, SecureData = 91,
        SignatureLength = 93, RawDataLength = 95, RawData = 96, PossResend = 97, EncryptMethod = 98, CxlRejReason = 102, OrdRejReason = 103, HeartBtInt = 108,
        TestReqID = 112, OnBehalfOfCompID = 115, OnBehalfOfSubID = 116, OrigSendingTime = 122, GapFillFlag = 123, DeliverToCompID = 128, DeliverToSubID = 129,
        ResetSeqNumFlag = 141, SenderLocationID = 142, TargetLocationID = 143, OnBehalfOfLocationID = 144, DeliverToLocationID = 145, ExecType = 150,
        LeavesQty = 151, XmlDataLen = 212, XmlData = 213, MessageEncoding = 347, EncodedTextLen = 354, EncodedText = 355, LastMsgSeqNumProcessed = 369,
        OnBehalfOfSendingTime = 370, RefTagID = 371, RefMsgType = 372, SessionRejectReason = 373, BusinessRejectRefID = 379, BusinessRejectReason = 380,
        CxlRejResponseTo = 434, TestMessageIndicator = 464, Username = 553, Password = 554, MassStatusReqID = 584, MassStatusReqType = 585, NoHops = 627, HopCompID = 628, HopSendingTime = 629, HopRefID = 630,
        NextExpectedMsgSeqNum = 789, CopyMsgIndicator = 797, LastLiquidityInd = 851, TotNumReports = 911, LastRptRequested = 912, NewPassword = 925, ApplVerID = 1128, CstmApplVerID = 1129, DefaultApplVerID = 1137, ApplExtID = 1156,
        SessionStatus = 1409;
}

/// <summary>MsgType (35) values as packed little-endian characters: one character is its ASCII code, two are first + second × 256, up to four.</summary>
public static class FixMsgType
{
    public const uint Heartbeat = '0', TestRequest = '1', ResendRequest = '2', Reject = '3', SequenceReset = '4', Logout = '5', Logon = 'A',
        ExecutionReport = '8', OrderCancelReject = '9', NewOrderSingle = 'D', OrderCancelRequest = 'F', OrderCancelReplaceRequest = 'G', OrderStatusRequest = 'H',
        BusinessMessageReject = 'j', OrderMassCancelRequest = 'q', OrderMassCancelReport = 'r', OrderMassStatusRequest = 'A' | 'F' << 8;

    /// <summary>Session messages: never resent, always gap-filled (the exception that the specification makes for Reject is not used).</summary>
    public static bool IsAdmin(uint type) => type is >= '0' and <= '5' or 'A';

    /// <summary>0 for a type of no or more than four characters.</summary>
    public static uint Pack(ReadOnlySpan<byte> value)
    {
        if (value.Length is 0 or > 4)
            return 0;
        uint packed = 0;
        for (int i = value.Length - 1; i >= 0; i--) packed = packed << 8 | value[i];
        return packed;
    }

    /// <summary>The characters of a packed type into the span, which has four bytes; returns how many.</summary>
    public static int Unpack(uint type, Span<byte> to)
    {
        int length = 0;
        for (; type != 0; type >>= 8) to[length++] = (byte)type;
        return length;
    }
}

/// <summary>SessionRejectReason (373) values that we send, and the text that goes with each.</summary>
public static class SessionRejectReason
{
    public const int InvalidTag = 0, RequiredTagMissing = 1, TagNotDefinedForMessage = 2, TagWithoutValue = 4, ValueIncorrect = 5, IncorrectDataFormat = 6, CompIdProblem = 9,
        SendingTimeAccuracy = 10, InvalidMsgType = 11, TagAppearsMoreThanOnce = 13, TagOutOfOrder = 14, GroupOutOfOrder = 15, IncorrectGroupCount = 16;

    /// <summary>Text (58) of a Reject: the reason's name in the specification, which other engines send too.</summary>
    public static ReadOnlySpan<byte> Text(int reason) => reason switch
    {
        InvalidTag => "Invalid tag number"u8,
        RequiredTagMissing => "Required tag missing"u8,
        TagNotDefinedForMessage => "Tag not defined for this message type"u8,
        TagWithoutValue => "Tag specified without a value"u8,
        ValueIncorrect => "Value is incorrect (out of range) for this tag"u8,
        IncorrectDataFormat => "Incorrect data format for value"u8,
        CompIdProblem => "CompID problem"u8,
        SendingTimeAccuracy => "SendingTime accuracy problem"u8,
        InvalidMsgType => "Invalid MsgType"u8,
        TagAppearsMoreThanOnce => "Tag appears more than once"u8,
        TagOutOfOrder => "Tag specified out of required order"u8,
        GroupOutOfOrder => "Repeating group fields out of order"u8,
        IncorrectGroupCount => "Incorrect NumInGroup count for repeating group"u8,
        _ => default,
    };
}
